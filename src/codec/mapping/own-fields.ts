import type { KeyValue } from "../../model/any-value.ts";
import { writeAttributes } from "../otlp/message/encode.ts";
import { WireWriter } from "../otlp/wire/wire-writer.ts";
import type { PlacedSpan } from "./placed-span.ts";

const NONE: ReadonlySet<string> = new Set();

/** What becomes of a tag that may tell a span's own fields. */
export const KEPT = { no: 0, attribute: 1, resource: 2 } as const;

/**
 * What follows from the few tags and fields of a span that its own fields are told by, ready to be copied: kind,
 * status, scope, trace state, dropped counts. Spans of one kind of one service share it.
 */
export interface OwnFields {
  /** A span with these fields and nothing else, for its scope and its resource. */
  readonly placed: PlacedSpan;
  /** By such tag, in the order in which the span has them: one of KEPT. */
  readonly kept: Uint8Array;
  /** Fields of Span in its order: trace_state. */
  readonly traceState: Uint8Array;
  readonly kind: Uint8Array;
  /** Attributes that no tag says, and dropped_attributes_count. */
  readonly attributes: Uint8Array;
  readonly droppedEvents: Uint8Array;
  /** dropped_links_count, status, flags. */
  readonly end: Uint8Array;
}

/**
 * @param placed what the mapping makes of `tags` alone, with no ids, times, events and links
 * @param tags that may tell own fields, each key once
 * @param resourceTags keys of those of them that are kept as attributes of the resource
 */
export function ownFields(
  placed: PlacedSpan,
  tags: readonly KeyValue[],
  resourceTags: ReadonlySet<string> = NONE,
): OwnFields {
  const { span } = placed;
  const told = new Set(tags.map(({ key }) => key));
  const spanKeys = new Set(span.attributes.map(({ key }) => key));
  const extra = span.attributes.filter(({ key }) => !told.has(key));
  return {
    placed,
    kept: Uint8Array.from(tags, ({ key }) => {
      if (spanKeys.has(key)) return KEPT.attribute;
      return resourceTags.has(key) ? KEPT.resource : KEPT.no;
    }),
    traceState: written((w) => {
      if (span.traceState !== "") w.text(0x1a, span.traceState);
    }),
    kind: written((w) => count(w, 0x30, span.kind)),
    attributes: written((w) => {
      writeAttributes(w, 0x4a, extra);
      count(w, 0x50, span.droppedAttributesCount);
    }),
    droppedEvents: written((w) => count(w, 0x60, span.droppedEventsCount)),
    end: written((w) => {
      count(w, 0x70, span.droppedLinksCount);
      const status = w.open(0x7a);
      if (span.status.message !== "") w.text(0x12, span.status.message);
      count(w, 0x18, span.status.code);
      w.close(status);
      if (span.flags !== 0) {
        w.tag(0x85);
        w.fixed32(span.flags);
      }
    }),
  };
}

function written(write: (w: WireWriter) => void): Uint8Array {
  const writer = new WireWriter(64);
  write(writer);
  return writer.finish();
}

/** A number below 2^32; 0 is left out. */
function count(w: WireWriter, tag: number, value: number): void {
  if (value === 0) return;
  w.tag(tag);
  w.varint(value);
}
