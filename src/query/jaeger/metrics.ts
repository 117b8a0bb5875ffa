import type { TraceReader, ViewResult } from "../../component/read.ts";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import type { RedPoint, RedSeries } from "../../model/red-metrics.ts";
import { SPAN_KIND, SPAN_KIND_NAMES, type SpanKind } from "../../model/span.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import { jsonBytes } from "../json-writer.ts";
import { badParam, boolParam, intParam, type QueryParams, textParam } from "../params.ts";

export const JAEGER_METRICS = ["latencies", "calls", "errors"] as const;
export type JaegerMetric = (typeof JAEGER_METRICS)[number];

/** Durations and times in ms. */
export interface JaegerMetricsParams {
  readonly metric: JaegerMetric;
  readonly services: readonly string[];
  readonly kinds: readonly SpanKind[];
  readonly byOperation: boolean;
  readonly endMs: number;
  readonly lookbackMs: number;
  readonly stepMs: number;
  /** Every point looks back this far. */
  readonly ratePerMs: number;
  /** Of latencies. */
  readonly quantile: number;
}

/** Points closer together than this are not told apart, ms. */
export const MIN_STEP_MS = MINUTE_MS;

const MAX_MS = 8_640_000_000_000_000;
const MAX_LOOKBACK_MS = 366 * DAY_MS;
const MAX_POINTS = 11_000;

/**
 * Parameters of `/api/metrics/*` as Jaeger's query service knows them: service (repeated), spanKind (repeated, by name
 * or as SPAN_KIND_SERVER; default server), groupByOperation, endTs, lookback, step, ratePer (ms; defaults now, 1 h, 5
 * s, 10 min) and, for latencies, quantile. Throws PermanentError `bad_request` naming the parameter.
 */
export function parseMetricsParams(metric: JaegerMetric, params: QueryParams, nowMs: number): JaegerMetricsParams {
  const services = params.getAll("service").filter((name) => name !== "");
  if (services.length === 0) throw badParam("service", "", "at least one service name");
  const stepMs = intParam(params, "step", 1, MAX_LOOKBACK_MS) ?? 5_000;
  const lookbackMs = intParam(params, "lookback", 1, MAX_LOOKBACK_MS) ?? HOUR_MS;
  if (lookbackMs / Math.max(stepMs, MIN_STEP_MS) > MAX_POINTS) {
    throw badParam("step", String(stepMs), `a step that makes at most ${MAX_POINTS} points of the lookback`);
  }
  return {
    metric,
    services,
    kinds: parseKinds(params),
    byOperation: boolParam(params, "groupByOperation"),
    endMs: intParam(params, "endTs", 0, MAX_MS) ?? nowMs,
    lookbackMs,
    stepMs,
    ratePerMs: intParam(params, "ratePer", 1, MAX_LOOKBACK_MS) ?? 600_000,
    quantile: metric === "latencies" ? parseQuantile(params) : 0,
  };
}

function parseKinds(params: QueryParams): readonly SpanKind[] {
  const texts = params.getAll("spanKind").filter((text) => text !== "");
  if (texts.length === 0) return [SPAN_KIND.server];
  return texts.map((text) => {
    const name = text.toLowerCase().replace(/^span_kind_/, "");
    const kind = (SPAN_KIND_NAMES as readonly string[]).indexOf(name);
    if (kind < 0) throw badParam("spanKind", text, `one of ${SPAN_KIND_NAMES.join(", ")}`);
    return kind as SpanKind;
  });
}

function parseQuantile(params: QueryParams): number {
  const text = textParam(params, "quantile") ?? "";
  const quantile = /^(?:0?\.\d+|[01](?:\.0*)?)$/.test(text) ? Number(text) : Number.NaN;
  if (!(quantile >= 0 && quantile <= 1)) throw badParam("quantile", text, "a number from 0 to 1");
  return quantile;
}

interface Window {
  calls: number;
  errors: number;
  durations: ExponentialHistogram;
}

/**
 * Jaeger's metrics as its UI reads them, a MetricFamily (model/proto/metrics/openmetrics.proto) in the JSON form of
 * protobuf and in no envelope: calls a second, errors as a share of calls, durations in ms. Where nothing was called,
 * a share and a duration are "NaN".
 */
export async function metrics(
  reader: TraceReader,
  params: JaegerMetricsParams,
  signal: AbortSignal,
): Promise<ViewResult> {
  const { endMs, lookbackMs, ratePerMs, byOperation, services, kinds } = params;
  const found = await reader.red(
    { startMs: endMs - lookbackMs - ratePerMs, endMs, stepMs: params.stepMs, services, kinds, byOperation },
    signal,
  );
  const width = Math.max(1, Math.round(ratePerMs / found.stepMs));
  const lists = new Map<string, { readonly labels: unknown; readonly series: RedSeries[] }>();
  for (const series of found.series) {
    const key = JSON.stringify([series.service, series.operation]);
    const known = lists.get(key);
    if (known === undefined) lists.set(key, { labels: labelsOf(series), series: [series] });
    else known.series.push(series);
  }
  const first = Math.max(0, Math.ceil((endMs - lookbackMs - found.startMs) / found.stepMs) - 1);
  const family = [...lists.values()].map(({ labels, series }) => ({
    labels,
    metricPoints: Array.from({ length: found.points - first }, (_, i) => {
      const last = first + i;
      const window = sumOf(series, Math.max(0, last - width + 1), last, params.metric === "latencies");
      // A point stands at the end of what it sums up.
      const timestamp = new Date(Math.min(found.startMs + (last + 1) * found.stepMs, MAX_MS)).toISOString();
      const value = pointValue(params, window, (width * found.stepMs) / 1000);
      return { gaugeValue: { doubleValue: Number.isFinite(value) ? value : "NaN" }, timestamp };
    }),
  }));
  return {
    status: 200,
    contentType: "application/json",
    body: jsonBytes({ ...headOf(params), metrics: family }),
  };
}

function headOf({ metric, byOperation, quantile }: JaegerMetricsParams) {
  const prefix = byOperation ? "service_operation" : "service";
  const group = byOperation ? "by service and operation" : "by service";
  switch (metric) {
    case "latencies":
      return { name: `${prefix}_latencies`, type: "GAUGE", help: `quantile ${quantile} of durations in ms, ${group}` };
    case "calls":
      return { name: `${prefix}_call_rate`, type: "GAUGE", help: `calls a second, ${group}` };
    case "errors":
      return { name: `${prefix}_error_rate`, type: "GAUGE", help: `share of calls that failed, ${group}` };
  }
}

function labelsOf({ service, operation }: RedSeries) {
  const labels = [{ name: "service_name", value: service }];
  return operation === undefined ? labels : [{ name: "operation", value: operation }, ...labels];
}

function sumOf(list: readonly RedSeries[], from: number, to: number, durations: boolean): Window {
  const window: Window = { calls: 0, errors: 0, durations: new ExponentialHistogram() };
  for (const { points } of list) {
    for (let i = from; i <= to; i++) {
      const point: RedPoint | undefined = points[i];
      if (point === undefined) continue;
      window.calls += point.calls;
      window.errors += point.errors;
      if (durations) window.durations.merge(point.durations);
    }
  }
  return window;
}

function pointValue({ metric, quantile }: JaegerMetricsParams, window: Window, seconds: number): number {
  switch (metric) {
    case "latencies":
      return window.durations.quantile(quantile) / 1e6;
    case "calls":
      return window.calls / seconds;
    case "errors":
      return window.errors / window.calls;
  }
}
