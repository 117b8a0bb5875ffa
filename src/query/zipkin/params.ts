import { type ErrorCode, PermanentError } from "../../component/errors.ts";
import { DAY_MS } from "../../model/time.ts";
import type { ErrorBody } from "../http.ts";
import type { QueryParams } from "../params.ts";

const MAX_LONG = (1n << 63n) - 1n;
const MAX_INT = 2_147_483_647n;
/** Terms of one annotationQuery that are told apart, as Zipkin has it. */
const MAX_TERMS = 100;

/** A search as Zipkin has it (zipkin2.storage.QueryRequest); plain. Names are in lower case. */
export interface ZipkinSearch {
  readonly serviceName?: string;
  readonly remoteServiceName?: string;
  readonly spanName?: string;
  /** Tag and its value; an empty one asks for an annotation of that text, or a tag of that name. */
  readonly annotations: readonly (readonly [key: string, value: string])[];
  /** µs. */
  readonly minDuration?: bigint;
  readonly maxDuration?: bigint;
  /** ms since the epoch. */
  readonly endTs: bigint;
  /** ms. */
  readonly lookback: bigint;
  readonly limit: number;
}

/** Zipkin's errors are their message. */
export const zipkinErrorBody: ErrorBody = Object.assign(
  (_status: number, _code: ErrorCode, message: string): string => message,
  { contentType: "text/plain; charset=utf-8" },
);

export function refused(message: string): PermanentError {
  return new PermanentError("bad_request", message);
}

/** A parameter that has to be there; it may be empty. */
export function mandatory(params: QueryParams, name: string): string {
  const value = params.get(name);
  if (value === null) throw refused(`Mandatory parameter/header/attribute is missing: ${name}`);
  return value;
}

/** A whole number of 64 bits; undefined where it is absent or empty. */
export function longParam(params: QueryParams, name: string, max = MAX_LONG): bigint | undefined {
  const value = params.get(name);
  if (value === null || value === "") return undefined;
  const number = /^[+-]?\d{1,19}$/.test(value) ? BigInt(value.replace("+", "")) : undefined;
  if (number === undefined || number > max || number < -max - 1n) throw refused(`For input string: "${shown(value)}"`);
  return number;
}

/** One that must have a value where it is named. */
function primitiveParam(params: QueryParams, name: string, max: bigint): bigint | undefined {
  if (params.get(name) === "") throw refused(`Cannot set null to primitive type parameter: ${name}`);
  return longParam(params, name, max);
}

/** The range of time that dependencies are asked of, ms since the epoch. */
export function parseRange(params: QueryParams): { readonly startMs: number; readonly endMs: number } {
  mandatory(params, "endTs");
  const endTs = primitiveParam(params, "endTs", MAX_LONG) as bigint;
  const lookback = longParam(params, "lookback") ?? BigInt(DAY_MS);
  if (endTs <= 0n) throw refused("endTs <= 0");
  if (lookback <= 0n) throw refused("lookback <= 0");
  const end = endTs < MAX_DATE_MS ? endTs : MAX_DATE_MS;
  return { startMs: Number(end > lookback ? end - lookback : 0n), endMs: Number(end) };
}

/** What ECMAScript takes for a time. */
const MAX_DATE_MS = 8_640_000_000_000_000n;

/** `nowMs` is what `endTs` is where it is absent. Of repeated parameters the first counts. */
export function parseZipkinSearch(params: QueryParams, nowMs: number): ZipkinSearch {
  const limit = primitiveParam(params, "limit", MAX_INT) ?? 10n;
  const minDuration = longParam(params, "minDuration");
  const maxDuration = longParam(params, "maxDuration");
  const endTs = longParam(params, "endTs") ?? BigInt(nowMs);
  const lookback = longParam(params, "lookback") ?? BigInt(DAY_MS);
  if (endTs <= 0n) throw refused("endTs <= 0");
  if (limit <= 0n) throw refused("limit <= 0");
  if (lookback <= 0n) throw refused("lookback <= 0");
  if (minDuration !== undefined && minDuration <= 0n) throw refused("minDuration <= 0");
  if (minDuration !== undefined && maxDuration !== undefined && maxDuration < minDuration) {
    throw refused("maxDuration < minDuration");
  }
  if (minDuration === undefined && maxDuration !== undefined) {
    throw refused("maxDuration is only valid with minDuration");
  }
  const name = (of: string) => params.get(of)?.toLowerCase() ?? "";
  const spanName = name("spanName");
  return {
    ...(name("serviceName") === "" ? {} : { serviceName: name("serviceName") }),
    ...(name("remoteServiceName") === "" ? {} : { remoteServiceName: name("remoteServiceName") }),
    ...(spanName === "" || spanName === "all" ? {} : { spanName }),
    annotations: parseAnnotationQuery(params.get("annotationQuery") ?? ""),
    ...(minDuration === undefined ? {} : { minDuration }),
    ...(maxDuration === undefined ? {} : { maxDuration }),
    endTs,
    lookback,
    limit: Number(limit),
  };
}

/** `http.method=GET and error`: a later tag of one name wins, and a name alone says less than a tag. */
function parseAnnotationQuery(text: string): [string, string][] {
  const terms = new Map<string, string>();
  const parts = text === "" ? [] : text.split(" and ");
  if (parts.length > MAX_TERMS) throw refused(`annotationQuery has more than ${MAX_TERMS} terms`);
  for (const part of parts) {
    const cut = part.indexOf("=");
    if (cut >= 0) terms.set(part.slice(0, cut).trim(), part.slice(cut + 1).trim());
    else if (!terms.has(part.trim())) terms.set(part.trim(), "");
  }
  return [...terms];
}

/**
 * A trace id as Zipkin takes it: up to 32 lower-case hex digits.
 * @returns 32 digits
 */
export function requireZipkinTraceId(text: string): string {
  if (text === "") throw refused("traceId is empty");
  if (text.length > 32) throw refused("traceId.length > 32");
  if (!/^[0-9a-f]+$/.test(text)) throw refused(`${text} should be lower-hex encoded with no prefix`);
  if (/^0+$/.test(text)) throw refused("traceId is all zeros");
  return text.padStart(32, "0");
}

/** As Zipkin writes an id: 16 digits where that is all there is of it. */
export function shownTraceId(traceId: string): string {
  return traceId.startsWith("0".repeat(16)) ? traceId.slice(16) : traceId;
}

function shown(value: string): string {
  return value.length > 100 ? `${value.slice(0, 100)}…` : value;
}
