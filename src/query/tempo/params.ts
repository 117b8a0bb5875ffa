import { type ErrorCode, PermanentError } from "../../component/errors.ts";
import { parseTraceId } from "../../model/ids.ts";
import { TraceqlError } from "../../traceql/error.ts";
import type { ErrorBody } from "../http.ts";
import { parseGoDuration, type QueryParams, textParam } from "../params.ts";

export const NANOS_PER_SECOND = 1_000_000_000n;
const MAX_INT32 = (1n << 31n) - 1n;
const MAX_INT64 = (1n << 63n) - 1n;

/** Tempo's errors are their message. */
export const tempoErrorBody: ErrorBody = Object.assign(
  (_status: number, _code: ErrorCode, message: string): string => message,
  { contentType: "text/plain; charset=utf-8" },
);

export function badTempo(message: string): PermanentError {
  return new PermanentError("bad_request", message);
}

/** What is wrong with a query, as Tempo begins to say it. */
export function refusedQuery(error: unknown): unknown {
  return error instanceof TraceqlError
    ? new PermanentError("bad_request", `invalid TraceQL query: ${error.message}`, { cause: error })
    : error;
}

/** A number that counts something: Go's strconv.Atoi. Undefined where absent; of repeated ones the first. */
export function countParam(params: QueryParams, name: string, min = 1n): number | undefined {
  const text = textParam(params, name);
  if (text === undefined) return undefined;
  const value = goInteger(name, "Atoi", text, MAX_INT64);
  if (value < min) throw badTempo(`invalid ${name}: must be a positive number`);
  return Number(value);
}

/** The range of time that a request names, seconds since the epoch. 0 stands for an absent bound. */
export interface SecondsRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** `bits`: of the numbers that Tempo takes there. */
export function secondsRange(params: QueryParams, bits: 32 | 64): SecondsRange {
  return { start: secondsParam(params, "start", bits), end: secondsParam(params, "end", bits) };
}

function secondsParam(params: QueryParams, name: string, bits: 32 | 64): bigint {
  const text = textParam(params, name);
  if (text === undefined) return 0n;
  const value = goInteger(name, "ParseInt", text, bits === 32 ? MAX_INT32 : MAX_INT64);
  if (value < 0n) throw badTempo(`invalid ${name}: strconv.ParseUint: parsing ${goQuoted(text)}: invalid syntax`);
  return value;
}

export function refuseOrder({ start, end }: SecondsRange): void {
  if (end > start) return;
  throw badTempo(`http parameter start must be before end. received start=${start} end=${end}`);
}

/** The bounds of a plan, ns; the end is inclusive. */
export function nanoBounds({ start, end }: SecondsRange): { readonly startMin?: bigint; readonly startMax?: bigint } {
  return {
    ...(start === 0n ? {} : { startMin: start * NANOS_PER_SECOND }),
    ...(end === 0n ? {} : { startMax: end * NANOS_PER_SECOND }),
  };
}

/** A Go duration in ns; undefined where absent. */
export function durationOf(params: QueryParams, name: string): bigint | undefined {
  const text = textParam(params, name);
  if (text === undefined) return undefined;
  const value = parseGoDuration(text);
  if (value !== undefined) return value;
  const reason = /^[+-]?\d+(?:\.\d+)?$/.test(text) ? "missing unit in" : "invalid";
  throw badTempo(`invalid ${name}: time: ${reason} duration ${goQuoted(text)}`);
}

/**
 * A trace id of up to 32 hex digits in either case.
 * @returns 32 lower-case digits; undefined for all zeros, which no trace has
 */
export function parseTempoTraceId(text: string): string | undefined {
  const wrong = /[^0-9a-fA-F]/u.exec(text);
  if (wrong !== null) {
    const [char] = wrong;
    const at = [...text.slice(0, wrong.index)].length + 1;
    throw badTempo(`trace IDs can only contain hex characters: invalid character '${char}' at position ${at}`);
  }
  if (text.length > 32) throw badTempo("trace IDs can't be larger than 128 bits");
  return parseTraceId(text) === undefined ? undefined : text.toLowerCase().padStart(32, "0");
}

/** As Go's %q, near enough for a person; long texts are cut. */
export function goQuoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function goInteger(name: string, called: "Atoi" | "ParseInt", text: string, max: bigint): bigint {
  const failed = (reason: string) =>
    badTempo(`invalid ${name}: strconv.${called}: parsing ${goQuoted(text)}: ${reason}`);
  if (!/^[+-]?\d+$/.test(text)) throw failed("invalid syntax");
  const digits = text.replace(/^\+?(-?)0+(?=\d)/, "$1").replace("+", "");
  const value = digits.length > 20 ? undefined : BigInt(digits);
  if (value === undefined || value > max || value < -max - 1n) throw failed("value out of range");
  return value;
}
