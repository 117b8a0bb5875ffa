import { PermanentError } from "../../../component/errors.ts";
import type { TraceReader, ViewResult } from "../../../component/read.ts";
import type { MetricsResult } from "../../../model/metrics-query.ts";
import { STATUS_CODE } from "../../../model/span.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../model/time.ts";
import { TraceqlError } from "../../../traceql/error.ts";
import { Gaps } from "../../gaps.ts";
import { JSON_TYPE } from "../../jaeger/envelope.ts";
import { jsonBytes } from "../../json-writer.ts";
import { badParam, type QueryParams, textParam } from "../../params.ts";
import { parseTraceqlSearch } from "../../traceql-params.ts";
import { countQuery, MAX_RANGE_MS } from "./count-query.ts";
import type { UiCallSeries } from "./external-types.ts";

/** Times in ms since the epoch. */
export interface CallSeriesParams {
  readonly startMs: number;
  readonly endMs: number;
  /** TraceQL of the called spans: one stage that filters. */
  readonly q: string;
  /** The two services, where the call is one between services. */
  readonly link?: { readonly parent: string; readonly child: string };
}

const MAX_POINTS = 48;
/** In shorter ranges hours say too little: the spans themselves are counted. */
const HOURS_FROM_MS = 12 * HOUR_MS;
const STEPS_MS = [1, 5, 15, 30].map((n) => n * SECOND_MS).concat([1, 5, 15, 30].map((n) => n * MINUTE_MS));

/** `q`, and `parent` with `child`, beside a range. */
export function parseCallSeriesParams(
  params: QueryParams,
  range: { readonly startMs: number; readonly endMs: number },
): CallSeriesParams {
  const q = textParam(params, "q");
  if (q === undefined) throw badParam("q", "", "a query in TraceQL, of the called spans");
  // Refuses what is no search, in its words, and what cannot go on as a count, such as hints.
  parseTraceqlSearch(new URLSearchParams({ q }), 0n);
  if (!isCountable(q)) throw badParam("q", q, "a query of stages alone, without hints");
  const [parent, child] = [textParam(params, "parent"), textParam(params, "child")];
  if ((parent === undefined) !== (child === undefined)) {
    throw badParam(parent === undefined ? "parent" : "child", "", "both 'parent' and 'child', or none of them");
  }
  return { ...range, q, ...(parent !== undefined && child !== undefined && { link: { parent, child } }) };
}

function isCountable(q: string): boolean {
  try {
    countQuery(`${q} | count_over_time()`, 0, 1);
    return true;
  } catch (error) {
    if (error instanceof TraceqlError) return false;
    throw error;
  }
}

/**
 * A call over time: from what is kept of calls by hour where the range is long enough for that, else counted from
 * spans.
 */
export async function callSeries(
  reader: TraceReader,
  params: CallSeriesParams,
  signal: AbortSignal,
): Promise<ViewResult> {
  const { startMs, endMs, link } = params;
  if (reader.callSeries !== undefined && link !== undefined && endMs - startMs >= HOURS_FROM_MS) {
    const gaps = new Gaps();
    const { points, ...steps } = await reader.callSeries(
      { ...link, startMs, endMs, maxPoints: MAX_POINTS },
      signal,
      gaps.onGap,
    );
    return answerOf(
      {
        ...steps,
        calls: points.map(({ callCount }) => callCount),
        errors: points.map(({ errorCount }) => errorCount),
        p99Nano: points.map(({ p99Nano }) => p99Nano ?? null),
        complete: gaps.reason === undefined,
      },
      gaps.reason,
    );
  }
  if (reader.metrics === undefined) throw new PermanentError("bad_request", "this store counts no calls over time");
  const from = Math.max(startMs, endMs - MAX_RANGE_MS, 0);
  const stepMs = stepOf(endMs - from);
  const [counts, durations] = [
    await reader.metrics(countQuery(`${params.q} | count_over_time() by (status)`, from, endMs, stepMs), signal),
    await reader.metrics(countQuery(`${params.q} | quantile_over_time(duration, 0.99)`, from, endMs, stepMs), signal),
  ];
  const partial = [counts, durations].find(({ complete }) => !complete);
  const lack = partial === undefined ? undefined : (partial.reason ?? "the count ended early");
  return answerOf({ startMs: from, stepMs, ...valuesOf(counts, durations), complete: lack === undefined }, lack);
}

function stepOf(rangeMs: number): number {
  const least = rangeMs / MAX_POINTS;
  return STEPS_MS.find((step) => step >= least) ?? Math.ceil(least / HOUR_MS) * HOUR_MS;
}

function valuesOf(counts: MetricsResult, durations: MetricsResult): Pick<UiCallSeries, "calls" | "errors" | "p99Nano"> {
  const calls = new Array<number>(counts.points).fill(0);
  const errors = new Array<number>(counts.points).fill(0);
  for (const { by, values } of counts.series) {
    const [status] = by;
    const failed = status?.type === "status" && status.value === STATUS_CODE.error;
    for (const [index, value] of values.entries()) {
      if (Number.isNaN(value)) continue;
      calls[index]! += value;
      if (failed) errors[index]! += value;
    }
  }
  const seconds = durations.series[0]?.values ?? new Float64Array(counts.points).fill(Number.NaN);
  return {
    calls,
    errors,
    p99Nano: Array.from(seconds, (value) => (Number.isNaN(value) ? null : Math.round(value * 1e9))),
  };
}

/** `lack`: what of what is stored the answer misses. */
function answerOf(answer: UiCallSeries, lack: string | undefined): ViewResult {
  const told = lack === undefined ? {} : { reason: lack };
  const incomplete = lack === undefined ? {} : { incomplete: lack };
  return { status: 200, contentType: JSON_TYPE, body: jsonBytes({ ...answer, ...told }), ...incomplete };
}
