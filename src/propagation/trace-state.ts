/** W3C Trace Context level 2, §3.3: the list of vendors' entries, leftmost the most recently changed. */
export type TraceStateEntry = readonly [key: string, value: string];

const MAX_MEMBERS = 32;
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const LARGE_ENTRY = 128;

/**
 * Most characters sent on. Receivers must propagate 512; an entry has up to 513, so with this limit at least 512 are
 * left after any cut.
 */
export const TRACE_STATE_LIMIT = 2048;

/**
 * Entries of all `tracestate` headers of a request, in order. Undefined when any is malformed or there are more than
 * 32: then the whole state is discarded. Of a key that occurs twice the first entry is kept.
 */
export function parseTraceState(headers: readonly string[]): readonly TraceStateEntry[] | undefined {
  const entries: TraceStateEntry[] = [];
  const keys = new Set<string>();
  let members = 0;
  for (const header of headers) {
    for (const part of header.split(",")) {
      const member = trimOptionalSpace(part);
      if (member === "") continue;
      if (++members > MAX_MEMBERS) return undefined;
      const at = member.indexOf("=");
      const key = member.slice(0, Math.max(at, 0));
      const value = member.slice(at + 1);
      if (!KEY.test(key) || !VALUE.test(value)) return undefined;
      if (keys.has(key)) continue;
      keys.add(key);
      entries.push([key, value]);
    }
  }
  return entries;
}

export function formatTraceState(entries: readonly TraceStateEntry[]): string {
  return entries.map(([key, value]) => `${key}=${value}`).join(",");
}

/**
 * The state in at most `limit` characters: whole entries are removed, those over 128 characters first and from the
 * right, then the rightmost (§3.3.1.5).
 */
export function limitTraceState(state: string, limit: number = TRACE_STATE_LIMIT): string {
  if (state.length <= limit) return state;
  const members = state.split(",");
  let length = state.length;
  const remove = (index: number): void => {
    length -= (members[index] as string).length + 1;
    members.splice(index, 1);
  };
  for (let i = members.length - 1; i >= 0 && length > limit; i--) {
    if ((members[i] as string).length > LARGE_ENTRY) remove(i);
  }
  while (length > limit && members.length > 0) remove(members.length - 1);
  return members.join(",");
}

function trimOptionalSpace(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
