import { nanosOfParts } from "../../model/duration-parts.ts";
import type { MetricsQuery } from "../../model/metrics-query.ts";
import type { TraceqlQuery } from "../../model/traceql.ts";
import { parseTraceql } from "../../traceql/parse.ts";
import { planTraceql } from "../../traceql/plan.ts";
import { type QueryParams, textParam } from "../params.ts";
import { parseRfc3339 } from "../rfc3339.ts";
import { badTempo, goQuoted, NANOS_PER_SECOND, refusedQuery } from "./params.ts";

const DEFAULT_SINCE = 3_600n * NANOS_PER_SECOND;
const MAX_NANOS = (1n << 63n) - 1n;
/** Points of a range without a step: a quarter of a minute in an hour. */
const DEFAULT_POINTS = 240n;

/**
 * `GET /api/metrics/query_range`, or with `instant` `/api/metrics/query`: one step, of the whole range. Steps begin at
 * multiples of their length, so that the first may begin before the range and the last end after it. `now` is ns since
 * the epoch. Throws PermanentError `bad_request`.
 */
export function parseMetricsRequest(params: QueryParams, now: bigint, instant: boolean): MetricsQuery {
  const { pipeline, metrics: stage } = parseQuery(textParam(params, "q") ?? textParam(params, "query") ?? "");
  if (stage === undefined) {
    throw badTempo("invalid TraceQL query: expected a query of metrics, such as { status = error } | rate()");
  }
  const { start, end } = rangeOf(params, now);
  if (start <= 0n) throw badTempo("start required");
  if (end <= start) throw badTempo("end must be greater than start");
  const { filter, spansets } = planTraceql({ pipeline, hints: [] });
  const what = { filter, ...(spansets === undefined ? {} : { spansets }), stage };
  if (instant) return { ...what, start, end, step: end - start };
  const step = stepOf(params, end - start);
  return { ...what, start: start - (start % step), end: end + ((step - (end % step)) % step), step };
}

function parseQuery(text: string): TraceqlQuery {
  try {
    return parseTraceql(text);
  } catch (error) {
    throw refusedQuery(error);
  }
}

function rangeOf(params: QueryParams, now: bigint): { readonly start: bigint; readonly end: bigint } {
  const sinceText = textParam(params, "since");
  const since = sinceText === undefined ? DEFAULT_SINCE : nanosOfParts(sinceText, "y");
  if (since === undefined) {
    throw badTempo(`could not parse 'since' parameter: not a valid duration string: ${goQuoted(sinceText ?? "")}`);
  }
  const end = timeOf(params, "end") ?? now;
  return { start: timeOf(params, "start") ?? (end < now ? end : now) - since, end };
}

/** Seconds where they have up to ten digits or a point, else ns; or RFC 3339. */
function timeOf(params: QueryParams, name: string): bigint | undefined {
  const text = textParam(params, name);
  if (text === undefined) return undefined;
  const decimal = /^(\d{1,10})\.(\d+)$/.exec(text);
  let value: bigint | undefined;
  if (decimal !== null)
    value = BigInt(decimal[1] as string) * NANOS_PER_SECOND + BigInt((decimal[2] as string).slice(0, 9).padEnd(9, "0"));
  else if (/^\d{1,19}$/.test(text)) value = text.length <= 10 ? BigInt(text) * NANOS_PER_SECOND : BigInt(text);
  else value = parseRfc3339(text);
  if (value !== undefined && value <= MAX_NANOS) return value;
  const expected = "a Unix time in seconds or nanoseconds, or a time of RFC 3339";
  throw badTempo(`could not parse '${name}' parameter: got ${goQuoted(text)}, expected ${expected}`);
}

function stepOf(params: QueryParams, range: bigint): bigint {
  const text = textParam(params, "step");
  if (text === undefined) return defaultStep(range);
  const seconds = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) * 1e9 : undefined;
  if (seconds !== undefined && Math.abs(seconds) > Number(MAX_NANOS)) {
    throw badTempo(`cannot parse ${goQuoted(text)} to a valid duration. It overflows int64`);
  }
  const step = seconds === undefined ? nanosOfParts(text, "y") : BigInt(Math.trunc(seconds));
  if (step === undefined) throw badTempo(`cannot parse ${goQuoted(text)} to a valid duration`);
  if (step <= 0n) throw badTempo(`step required: got ${goQuoted(text)}, expected more than 0`);
  return step;
}

/** As Tempo chooses it: whole multiples of 5 s, of 1 s below that, and never less. */
function defaultStep(range: bigint): bigint {
  const about = range / DEFAULT_POINTS;
  for (const unit of [5n * NANOS_PER_SECOND, NANOS_PER_SECOND]) if (about >= unit) return about - (about % unit);
  return NANOS_PER_SECOND;
}
