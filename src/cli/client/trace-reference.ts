import { PermanentError } from "../../component/errors.ts";
import { parseTraceId } from "../../model/ids.ts";

/** A trace as a person names it. */
export interface TraceReference {
  /** 1 to 32 lower-case hex digits. Fewer than 32 are an id without its leading zeros, or the beginning of one. */
  readonly digits: string;
  /** Where the web UI is whose link it was. */
  readonly base?: string;
}

const EXPECTED =
  "expected a trace id or its first digits in hex, base64 or as a UUID, a traceparent header, or a link to the trace";

/** @throws PermanentError `bad_request` for what names no trace */
export function parseTraceReference(text: string): TraceReference {
  const word = text.trim().replace(/^(["'])(.*)\1$/, "$2");
  const found = fromLink(word) ?? fromId(word);
  if (found === undefined) throw new PermanentError("bad_request", `${text}: ${EXPECTED}`);
  return found;
}

/** The id in its stored form, of a reference that is no beginning of one. */
export function wholeId({ digits }: TraceReference): string {
  return digits.padStart(32, "0");
}

function fromId(word: string): TraceReference | undefined {
  const digits =
    /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/i.exec(word)?.[1] ??
    /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$/i.exec(word)?.[1]?.replaceAll("-", "") ??
    /^(?:0x)?([0-9a-f]{1,32})$/i.exec(word)?.[1] ??
    fromBase64(word);
  // Short ids begin with zeros, so zeros alone may begin one.
  if (digits === undefined || (digits.length === 32 && parseTraceId(digits) === undefined)) return undefined;
  return { digits: digits.toLowerCase() };
}

/** Of 16 bytes, or of the 8 that older senders have, in either alphabet, with or without the `=` at the end. */
function fromBase64(word: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/_-]{22}(?:==)?|[A-Za-z0-9+/_-]{11}=?)$/.test(word)) return undefined;
  return Buffer.from(word, "base64").toString("hex");
}

/** A page or a download of this UI or of Jaeger's. */
function fromLink(word: string): TraceReference | undefined {
  if (!/^https?:\/\//i.test(word) || !URL.canParse(word)) return undefined;
  const url = new URL(word);
  const match = /^(.*?)\/(?:api\/(?:ui\/)?)?traces?\/([^/]+)/.exec(url.pathname);
  const named = match === null ? undefined : fromId(decodeURIComponent(match[2] as string));
  if (match === null || named === undefined) return undefined;
  const user = url.username === "" ? "" : `${url.username}:${url.password}@`;
  return { ...named, base: `${url.protocol}//${user}${url.host}${match[1]}/` };
}
