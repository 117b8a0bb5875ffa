import { badTempo } from "./params.ts";

/** More tags than anybody names. */
const MAX_TAGS = 100;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

/**
 * Tags in logfmt: `service.name=cart http.url="a b"`. A key alone has an empty value.
 * @throws PermanentError `bad_request`
 */
export function parseLogfmt(text: string): [key: string, value: string][] {
  const tags = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    if (text.charCodeAt(at) <= 0x20) {
      at++;
      continue;
    }
    const [, key = "", after = ""] = /^([^\s="]*)(=?)/.exec(text.slice(at)) ?? [];
    if (key === "") throw unexpected(text, at);
    const from = at + key.length + after.length;
    const { value, end } = after === "" ? { value: "", end: from } : readValue(text, from);
    if (end < text.length && text.charCodeAt(end) > 0x20) throw unexpected(text, end);
    if (tags.has(key)) throw badTempo(`invalid tags: tag ${key} has been set twice`);
    if (tags.size === MAX_TAGS) throw badTempo(`invalid tags: more than ${MAX_TAGS} of them`);
    tags.set(key, value);
    at = end;
  }
  return [...tags];
}

function readValue(text: string, from: number): { readonly value: string; readonly end: number } {
  if (text[from] !== '"') {
    const value = /^[^\s="]*/.exec(text.slice(from))?.[0] ?? "";
    return { value, end: from + value.length };
  }
  let value = "";
  for (let i = from + 1; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') return { value, end: i + 1 };
    if (char !== "\\") {
      value += char;
      continue;
    }
    const escaped = text[++i] ?? "";
    const code = escaped === "u" ? /^[0-9a-fA-F]{4}/.exec(text.slice(i + 1))?.[0] : undefined;
    value += code === undefined ? (ESCAPES[escaped] ?? escaped) : String.fromCharCode(Number.parseInt(code, 16));
    i += code?.length ?? 0;
  }
  throw badTempo(`invalid tags: unterminated quoted value at pos ${from + 1}`);
}

function unexpected(text: string, at: number): Error {
  return badTempo(`invalid tags: unexpected '${text[at]}' at pos ${at + 1}`);
}
