import type { LogFragment } from "../../model/log.ts";

export function spansOf(fragments: readonly LogFragment[]): number {
  let spans = 0;
  for (const fragment of fragments) spans += fragment.rows.length;
  return spans;
}

/** About what the spans take as OTLP protobuf, bytes: each as many as the average of its block. */
export function bytesOf(fragments: readonly LogFragment[]): number {
  let bytes = 0;
  for (const { block, rows } of fragments) bytes += rows.length * bytesOfSpan(block);
  return bytes;
}

function bytesOfSpan({ body, columns }: LogFragment["block"]): number {
  return body.length / Math.max(1, columns.count);
}

/**
 * Fragments in parts of at most `maxSpans` spans and about `maxBytes` bytes, in order; a batch may be spread over
 * parts. A part holds one span at least.
 */
export function chunkFragments(
  fragments: readonly LogFragment[],
  maxSpans: number,
  maxBytes = Number.POSITIVE_INFINITY,
): LogFragment[][] {
  const parts: LogFragment[][] = [];
  let part: LogFragment[] = [];
  let room = { spans: maxSpans, bytes: maxBytes };
  const flush = () => {
    parts.push(part);
    part = [];
    room = { spans: maxSpans, bytes: maxBytes };
  };
  for (const { block, rows } of fragments) {
    const each = bytesOfSpan(block);
    let from = 0;
    while (from < rows.length) {
      const fitting = Math.min(room.spans, Math.floor(room.bytes / each));
      if (fitting < 1 && part.length > 0) {
        flush();
        continue;
      }
      const to = Math.min(rows.length, from + Math.max(1, fitting));
      part.push({ block, rows: from === 0 && to === rows.length ? rows : rows.slice(from, to) });
      room.spans -= to - from;
      room.bytes -= (to - from) * each;
      from = to;
      if (room.spans <= 0) flush();
    }
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
