import type { TraceReader, ViewResult } from "../../component/read.ts";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import type { RedMetrics, RedPoint, RedSeries } from "../../model/red-metrics.ts";
import { SPAN_KIND, SPAN_KIND_NAMES, type SpanKind } from "../../model/span.ts";
import { HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import { Gaps } from "../gaps.ts";
import { jsonBytes } from "../json-writer.ts";
import { badParam, intParam, type QueryParams, textParam } from "../params.ts";
import type { UiRedResponse, UiRedSeries } from "./api-types.ts";

/** Times in ms. */
export interface RedParams {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** The wall clock: a last point that ends later is counted until then. Absent: all of it is. */
  readonly nowMs?: number;
  readonly service?: string;
  /** Undefined: spans by which a service is called, or all of a service that has none. */
  readonly kinds?: readonly SpanKind[];
}

const MAX_MS = 8_640_000_000_000_000;
const MAX_POINTS = 2_000;
const USUAL_POINTS = 60;
/** The spans by which others call a service. */
const ENTRY: readonly SpanKind[] = [SPAN_KIND.server, SPAN_KIND.consumer];

/**
 * `start`, `end` (ms; the last hour by default), `step` (ms; about 60 points), `service`, `kind` (repeated, or `all`).
 */
export function parseRedParams(params: QueryParams, nowMs: number): RedParams {
  const endMs = intParam(params, "end", 0, MAX_MS) ?? nowMs;
  const startMs = intParam(params, "start", 0, MAX_MS) ?? Math.max(0, endMs - HOUR_MS);
  if (startMs >= endMs) throw badParam("start", String(startMs), "a time, in ms, before end");
  const range = endMs - startMs;
  const stepMs =
    intParam(params, "step", 1, MAX_MS) ?? Math.max(1, Math.ceil(range / USUAL_POINTS / MINUTE_MS)) * MINUTE_MS;
  if (range / Math.max(stepMs, MINUTE_MS) > MAX_POINTS) {
    throw badParam("step", String(stepMs), `a step, in ms, that makes at most ${MAX_POINTS} points of the range`);
  }
  const service = textParam(params, "service");
  const kinds = parseKinds(params);
  return { startMs, endMs, stepMs, nowMs, ...(service === undefined ? {} : { service }), ...(kinds && { kinds }) };
}

function parseKinds(params: QueryParams): readonly SpanKind[] | undefined {
  const names = params.getAll("kind").filter((text) => text !== "");
  if (names.length === 0) return undefined;
  if (names.includes("all")) return Object.values(SPAN_KIND);
  return names.map((name) => {
    const kind = (SPAN_KIND_NAMES as readonly string[]).indexOf(name.toLowerCase());
    if (kind < 0) throw badParam("kind", name, `all, or one of ${SPAN_KIND_NAMES.join(", ")}`);
    return kind as SpanKind;
  });
}

/** `UiRedResponse`. */
export async function red(reader: TraceReader, params: RedParams, signal: AbortSignal): Promise<ViewResult> {
  const { startMs, endMs, stepMs, service } = params;
  const query = { startMs, endMs, stepMs, ...(service === undefined ? {} : { services: [service] }) };
  const gaps = new Gaps();
  const totals = await reader.red({ ...query, byOperation: false }, signal, gaps.onGap);
  // Points are counted whole, also where the range ends within the last one.
  const lastMs = totals.startMs + totals.points * totals.stepMs;
  const coveredEndMs = Math.max(totals.startMs, Math.min(lastMs, Math.max(endMs, params.nowMs ?? lastMs)));
  const seconds = Math.max(1_000, coveredEndMs - totals.startMs) / 1000;
  const kindsOf = new Map<string, readonly SpanKind[]>();
  for (const [name, list] of groupBy(totals.series, (series) => series.service)) {
    const present = list.map(({ kind }) => kind);
    const entry = present.filter((kind) => ENTRY.includes(kind));
    kindsOf.set(name, params.kinds ?? (entry.length > 0 ? entry : present));
  }
  const wanted = (series: RedSeries) => kindsOf.get(series.service)?.includes(series.kind) ?? false;
  const sums = (found: RedMetrics, keyOf: (series: RedSeries) => string): UiRedSeries[] =>
    [...groupBy(found.series.filter(wanted), keyOf).values()].map((list) => summary(list, found.points, seconds));

  const services = sums(totals, (series) => series.service);
  let operations: UiRedSeries[] = [];
  if (service !== undefined) {
    const found = await reader.red({ ...query, byOperation: true }, signal, gaps.onGap);
    operations = sums(found, (series) => `${series.kind}${series.operation}`);
  }
  const body = jsonBytes({
    startMs: totals.startMs,
    endMs,
    coveredEndMs,
    stepMs: totals.stepMs,
    points: totals.points,
    services,
    operations,
  } satisfies UiRedResponse);
  return { status: 200, contentType: "application/json", body, ...gaps.mark };
}

function summary(list: readonly RedSeries[], count: number, seconds: number): UiRedSeries {
  const [{ service, operation }] = list as [RedSeries];
  const points = Array.from({ length: count }, (_, i) => sum(list.map((series) => series.points[i])));
  const whole = sum(points);
  return {
    service,
    ...(operation === undefined ? {} : { operation }),
    kinds: [...new Set(list.map(({ kind }) => SPAN_KIND_NAMES[kind]))],
    calls: whole.calls,
    errors: whole.errors,
    ratePerSecond: whole.calls / seconds,
    errorRatio: whole.calls === 0 ? 0 : whole.errors / whole.calls,
    spans: whole.spans,
    unscaledSpans: whole.unscaled,
    ...quantiles(whole.durations),
    series: {
      calls: points.map(({ calls }) => calls),
      errors: points.map(({ errors }) => errors),
      p50Nano: points.map(({ durations }) => quantile(durations, 0.5)),
      p95Nano: points.map(({ durations }) => quantile(durations, 0.95)),
      p99Nano: points.map(({ durations }) => quantile(durations, 0.99)),
    },
  };
}

function sum(points: readonly (RedPoint | undefined)[]): RedPoint {
  let calls = 0;
  let errors = 0;
  let spans = 0;
  let unscaled = 0;
  const durations = new ExponentialHistogram();
  for (const point of points) {
    if (point === undefined) continue;
    calls += point.calls;
    errors += point.errors;
    spans += point.spans;
    unscaled += point.unscaled;
    durations.merge(point.durations);
  }
  return { calls, errors, spans, unscaled, durations };
}

function quantiles(durations: ExponentialHistogram) {
  return {
    p50Nano: quantile(durations, 0.5),
    p95Nano: quantile(durations, 0.95),
    p99Nano: quantile(durations, 0.99),
  };
}

function quantile(durations: ExponentialHistogram, q: number): number | null {
  return durations.count > 0 ? Math.round(durations.quantile(q)) : null;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [item]);
    else list.push(item);
  }
  return groups;
}
