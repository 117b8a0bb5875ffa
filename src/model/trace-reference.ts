import { parseTraceId } from "./ids.ts";

/** A trace as a person names it. */
export interface TraceReference {
  /** 1 to 32 lower-case hex digits. Fewer than 32 are an id without its leading zeros, or the beginning of one. */
  readonly digits: string;
  /** 16 lower-case hex digits, where the text names a span of the trace too. */
  readonly spanId?: string;
  /** Where the web UI is whose link it was. */
  readonly base?: string;
}

const NO_HIGH_HALF = "0".repeat(16);

/** The digits of an id that tell it from others: an id of 64 bits has nothing in its first sixteen. */
export function tellingDigits(traceId: string): string {
  return traceId.startsWith(NO_HIGH_HALF) ? traceId.slice(NO_HIGH_HALF.length) : traceId;
}

/** Whether an id of 32 digits begins with the digits, or does without what an id of 64 bits has in front. */
export function beginsWith(traceId: string, digits: string): boolean {
  return traceId.startsWith(digits) || tellingDigits(traceId).startsWith(digits);
}

/** W3C Trace Context §3.2, Jaeger's `uber-trace-id`, and B3 in a single header. */
const HEADERS = [
  /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/i,
  /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):[0-9a-f]{1,16}:[0-9a-f]{1,2}$/i,
  /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-[01d])?(?:-[0-9a-f]{16})?$/i,
];
const UUID = /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$/i;

/**
 * The trace that a text names: an id or its first digits in hex, with `0x`, as a UUID or in base64; a W3C, B3 or Jaeger
 * header with or without its name; or a link to a page or a download of a trace. Undefined where it names none.
 */
export function parseTraceReference(text: string): TraceReference | undefined {
  const word = text
    .trim()
    .replace(/^["']|["',;]+$/g, "")
    .replace(/^(?:traceparent|b3|uber-trace-id)\s*[:=]\s*/i, "");
  return fromLink(word) ?? fromHeader(word) ?? fromId(word);
}

function fromHeader(word: string): TraceReference | undefined {
  for (const pattern of HEADERS) {
    const [, digits, spanId] = pattern.exec(word) ?? [];
    if (digits !== undefined && spanId !== undefined) return reference(digits, spanId);
  }
  return undefined;
}

function fromId(word: string): TraceReference | undefined {
  const digits =
    UUID.exec(word)?.[1]?.replaceAll("-", "") ?? /^(?:0x)?([0-9a-f]{1,32})$/i.exec(word)?.[1] ?? fromBase64(word);
  return digits === undefined ? undefined : reference(digits);
}

function reference(digits: string, spanId?: string): TraceReference | undefined {
  // Short ids begin with zeros, so zeros alone may begin one.
  if (digits.length === 32 && parseTraceId(digits) === undefined) return undefined;
  const span = spanId === undefined ? {} : { spanId: spanId.toLowerCase().padStart(16, "0") };
  return { digits: digits.toLowerCase(), ...span };
}

/**
 * Of 16 bytes, or of the 8 that older senders have, in either alphabet, with or without the `=` at the end. A word of
 * eleven letters looks like the shorter form: without `=` that has to have small and capital letters.
 */
function fromBase64(word: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/_-]{22}(?:==)?|[A-Za-z0-9+/_-]{11}=?)$/.test(word)) return undefined;
  if (word.length === 11 && !(/[a-z]/.test(word) && /[A-Z]/.test(word))) return undefined;
  const bytes = atob(word.replaceAll("-", "+").replaceAll("_", "/"));
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** A page or a download of this UI or of Jaeger's. */
function fromLink(word: string): TraceReference | undefined {
  if (!/^https?:\/\//i.test(word) || !URL.canParse(word)) return undefined;
  const url = new URL(word);
  const [, before, id] = /^(.*?)\/(?:api\/(?:ui\/)?)?traces?\/([^/%]+)/.exec(url.pathname) ?? [];
  const named = id === undefined ? undefined : fromId(id);
  if (named === undefined) return undefined;
  const span = url.searchParams.get("span") ?? "";
  const user = url.username === "" ? "" : `${url.username}:${url.password}@`;
  return {
    ...named,
    ...(/^[0-9a-f]{16}$/i.test(span) ? { spanId: span.toLowerCase() } : {}),
    base: `${url.protocol}//${user}${url.host}${before}/`,
  };
}
