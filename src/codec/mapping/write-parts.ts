import type { WireWriter } from "../otlp/wire/wire-writer.ts";
import { KEPT, type OwnFields } from "./own-fields.ts";
import { nanosHigh, nanosLow, type SpanParts, VALUE_IN } from "./span-parts.ts";
import { KEY_USE } from "./tag-keys.ts";

/** Fields of Span in the order of trace.proto, byte for byte what `writeSpan` makes of the same span. */
export function writeSpanParts(w: WireWriter, parts: SpanParts, own: OwnFields, peers: boolean): void {
  const { ids } = parts;
  w.range(0x0a, ids, 0, 16);
  w.range(0x12, ids, 16, 24);
  w.raw(own.traceState);
  if (parts.hasParent) w.range(0x22, ids, 24, 32);
  if (parts.nameTo > parts.nameFrom) w.range(0x2a, parts.nameIn, parts.nameFrom, parts.nameTo);
  w.raw(own.kind);
  const end = parts.startMicros + parts.durationMicros;
  w.halves(0x39, nanosLow(parts.startMicros), nanosHigh(parts.startMicros));
  w.halves(0x41, nanosLow(end), nanosHigh(end));
  writeOwnTags(w, parts, own, peers);
  w.raw(own.attributes);
  writeEvents(w, parts);
  w.raw(own.droppedEvents);
  for (const { at, attributes } of parts.links) {
    const link = w.open(0x6a);
    w.range(0x0a, parts.scratch, at, at + 16);
    w.range(0x12, parts.scratch, at + 16, at + 24);
    w.raw(attributes);
    w.close(link);
  }
  w.raw(own.end);
}

/**
 * Whether a tag is among those that tell the span's own fields.
 * @param peers whether those count that may say what a remote endpoint says
 */
export function isOwn(use: number, peers: boolean): boolean {
  return use === KEY_USE.own || (peers && use === KEY_USE.peer);
}

/** The attributes of the resource that tags say, as fields 1 of Resource; nothing of it is text yet. */
export function writeResourceTags(w: WireWriter, parts: SpanParts, own: OwnFields, peers: boolean): void {
  const { keys } = parts.tags;
  let told = 0;
  for (let row = 0; row < parts.spanTags; row++) {
    const { use } = keys[row] as { use: number };
    const kept = isOwn(use, peers) ? own.kept[told++] === KEPT.resource : use === KEY_USE.resource;
    if (kept) writeTag(w, 0x0a, parts, row);
  }
}

function writeOwnTags(w: WireWriter, parts: SpanParts, own: OwnFields, peers: boolean): void {
  const { keys } = parts.tags;
  let told = 0;
  for (let row = 0; row < parts.spanTags; row++) {
    const { use } = keys[row] as { use: number };
    const kept = isOwn(use, peers) ? own.kept[told++] === KEPT.attribute : use !== KEY_USE.resource;
    if (kept) writeTag(w, 0x4a, parts, row);
  }
}

function writeTag(w: WireWriter, tag: number, parts: SpanParts, row: number): void {
  const { keys, places, from, to } = parts.tags;
  const { field } = keys[row] as { field: Uint8Array };
  const place = places[row];
  if (place === VALUE_IN.source) w.textAttribute(tag, field, parts.source, from[row] as number, to[row] as number);
  else if (place === VALUE_IN.scratch) {
    w.textAttribute(tag, field, parts.scratch, from[row] as number, to[row] as number);
  } else w.attribute(tag, field, parts.scratch, from[row] as number, to[row] as number);
}

/** Event: time_unix_nano 1, name 2, attributes 3. */
function writeEvents(w: WireWriter, parts: SpanParts): void {
  let row = parts.spanTags;
  for (let i = 0; i < parts.events; i++) {
    const event = w.open(0x5a);
    const micros = parts.eventMicros[i] as number;
    w.halves(0x09, nanosLow(micros), nanosHigh(micros));
    const [from, to] = [parts.eventNameFrom[i] as number, parts.eventNameTo[i] as number];
    if (to > from) w.range(0x12, parts.eventNameIn[i] as Uint8Array, from, to);
    const end = parts.eventTagEnd[i] as number;
    for (; row < end; row++) writeTag(w, 0x1a, parts, row);
    w.close(event);
  }
}
