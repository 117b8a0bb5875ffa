import { ByteReader } from "../../codec/otlp/wire/wire.ts";
import type { SpanColumns, SpanGroup } from "../../model/span-columns.ts";
import type { Frame } from "../columnar/columnar-body.ts";

/** A row of the segment that is being sealed, without deleted spans. */
export interface SourceBlock {
  readonly body: Uint8Array;
  readonly columns: SpanColumns;
  readonly receivedAtMs: number;
}

const RESOURCE_SPANS_TAG = 0x0a;
const SCOPE_SPANS_TAG = 0x12;
const SPANS_TAG = 0x12;

/** What surrounds the spans of a group. */
export function frameOf(body: Uint8Array, group: SpanGroup): Frame {
  const resource = around(body, group.resourceSpansStart, group.resourceSpansEnd, SCOPE_SPANS_TAG);
  const scope = around(body, group.scopeSpansStart, group.scopeSpansEnd, SPANS_TAG);
  return { resourceHead: resource.head, resourceTail: resource.tail, scopeHead: scope.head, scopeTail: scope.tail };
}

/** A text that is the same for equal frames only. */
export function frameKey({ resourceHead, resourceTail, scopeHead, scopeTail }: Frame): string {
  return [resourceHead, resourceTail, scopeHead, scopeTail]
    .map((bytes) => `${bytes.length}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")}`)
    .join("");
}

/** Fields of TracesData other than ResourceSpans, as they came: no version of OTLP has any yet. */
export function topLevelExtras(body: Uint8Array): Uint8Array {
  const reader = new ByteReader(body);
  const pieces: Uint8Array[] = [];
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.tag();
    reader.skip(tag, 0);
    if (tag !== RESOURCE_SPANS_TAG) pieces.push(body.subarray(start, reader.at));
  }
  return joined(pieces);
}

/** Fields of the message at [start, end) before the first and after it, without any, that has the tag. */
function around(body: Uint8Array, start: number, end: number, tag: number): { head: Uint8Array; tail: Uint8Array } {
  const reader = new ByteReader(body, start, end);
  const head: Uint8Array[] = [];
  const tail: Uint8Array[] = [];
  let into = head;
  while (reader.at < reader.end) {
    const from = reader.at;
    const next = reader.tag();
    reader.skip(next, 0);
    if (next === tag) into = tail;
    else into.push(body.subarray(from, reader.at));
  }
  return { head: joined(head), tail: joined(tail) };
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
