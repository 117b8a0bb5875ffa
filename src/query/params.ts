import { PermanentError } from "../component/errors.ts";
import { nanosOfParts } from "../model/duration-parts.ts";

/** A query string as the routes parse it: every value of every name, in order. */
export type QueryParams = URLSearchParams;

/** A `bad_request` that names the parameter, what it held and what was expected. */
export function badParam(name: string, value: string, expected: string): PermanentError {
  const shown = value.length > 100 ? `${value.slice(0, 100)}…` : value;
  return new PermanentError("bad_request", `unable to parse param '${name}': got '${shown}', expected ${expected}`);
}

/** The first value; undefined where the name is absent or empty, which Jaeger treats alike. */
export function textParam(params: QueryParams, name: string): string | undefined {
  const value = params.get(name);
  return value === null || value === "" ? undefined : value;
}

/** Go's strconv.ParseBool: 1, t, true, 0, f, false in the spellings it knows; absent is false. */
export function boolParam(params: QueryParams, name: string): boolean {
  const value = textParam(params, name);
  if (value === undefined) return false;
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw badParam(name, value, "true or false");
}

/** A whole number between min and max. */
export function intParam(params: QueryParams, name: string, min: number, max: number): number | undefined {
  const value = textParam(params, name);
  if (value === undefined) return undefined;
  const number = /^[+-]?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) throw badParam(name, value, `a whole number from ${min} to ${max}`);
  return number;
}

/**
 * Nanoseconds of a Go duration (time.ParseDuration without a sign): `1.2s`, `300ms`, `1m30s`, `0`.
 * Undefined for anything else, and beyond 2^63 − 1 ns.
 */
export function parseGoDuration(text: string): bigint | undefined {
  const unsigned = text.startsWith("+") ? text.slice(1) : text;
  return unsigned === "0" ? 0n : nanosOfParts(unsigned, "h");
}

/** A Go duration in ns; undefined where absent. */
export function durationParam(params: QueryParams, name: string): bigint | undefined {
  const value = textParam(params, name);
  if (value === undefined) return undefined;
  const nanos = parseGoDuration(value);
  if (nanos === undefined) {
    throw badParam(name, value, "a duration with a unit (ns, us, ms, s, m, h) such as 1.2s, 300ms or 100us");
  }
  return nanos;
}

const FIRST_MICROS = 100_000_000_000_000n;
const FIRST_NANOS = 100_000_000_000_000_000n;

/**
 * A time since the epoch in ns, from ms, µs or ns told apart by magnitude: below 10^14 it is ms (until the year 5138;
 * as µs that would be 1973), below 10^17 µs, else ns. Jaeger's own clients send µs, Grafana's of some versions ms.
 */
export function timeParam(params: QueryParams, name: string): bigint | undefined {
  const value = textParam(params, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,19}$/.test(value)) {
    throw badParam(name, value, "a Unix time as a whole number of microseconds (ms and ns are understood too)");
  }
  const number = BigInt(value);
  if (number < FIRST_MICROS) return number * 1_000_000n;
  return number < FIRST_NANOS ? number * 1_000n : number;
}
