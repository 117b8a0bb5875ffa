import type { LogFragment } from "../../model/log.ts";

export function spansOf(fragments: readonly LogFragment[]): number {
  let spans = 0;
  for (const fragment of fragments) spans += fragment.rows.length;
  return spans;
}

/** Fragments in parts of at most `max` spans, in order; a batch may be spread over parts. */
export function chunkFragments(fragments: readonly LogFragment[], max: number): LogFragment[][] {
  const parts: LogFragment[][] = [];
  let part: LogFragment[] = [];
  let room = max;
  for (const { block, rows } of fragments) {
    let from = 0;
    while (from < rows.length) {
      const to = Math.min(rows.length, from + room);
      part.push({ block, rows: from === 0 && to === rows.length ? rows : rows.slice(from, to) });
      room -= to - from;
      from = to;
      if (room > 0) continue;
      parts.push(part);
      part = [];
      room = max;
    }
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
