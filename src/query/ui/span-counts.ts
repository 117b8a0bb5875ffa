/** What `countSpanParts` found; one object is reused for a whole trace. */
export interface SpanPartCounts {
  attributes: number;
  events: number;
  links: number;
}

/** Tags of Span.attributes (9), Span.events (11) and Span.links (13): opentelemetry/proto/trace/v1/trace.proto. */
const ATTRIBUTES = 0x4a;
const EVENTS = 0x5a;
const LINKS = 0x6a;

/**
 * Counts attributes, events and links of the Span message in [start, end) by stepping over its fields, without decoding
 * any. The bytes were checked when they were stored; a message that ends early all the same is counted up to there.
 */
export function countSpanParts(bytes: Uint8Array, start: number, end: number, into: SpanPartCounts): void {
  let attributes = 0;
  let events = 0;
  let links = 0;
  let at = start;
  while (at < end) {
    let tag = bytes[at++] as number;
    if (tag >= 0x80) {
      tag &= 0x7f;
      for (let shift = 7; at < end; shift += 7) {
        const byte = bytes[at++] as number;
        tag |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
    }
    switch (tag & 7) {
      case 0:
        while (at < end && (bytes[at++] as number) >= 0x80);
        break;
      case 1:
        at += 8;
        break;
      case 5:
        at += 4;
        break;
      case 2: {
        let length = 0;
        for (let factor = 1; at < end; factor *= 128) {
          const byte = bytes[at++] as number;
          length += (byte & 0x7f) * factor;
          if (byte < 0x80) break;
        }
        at += length;
        if (tag === ATTRIBUTES) attributes++;
        else if (tag === EVENTS) events++;
        else if (tag === LINKS) links++;
        break;
      }
      default:
        at = end;
    }
  }
  into.attributes = attributes;
  into.events = events;
  into.links = links;
}
