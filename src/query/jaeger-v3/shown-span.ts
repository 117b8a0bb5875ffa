import type { AnyValue, Attributes } from "../../model/any-value.ts";
import type { Span } from "../../model/span.ts";

const ALL_ZERO = /^0*$/;

/**
 * A span as Jaeger's readers can show it; its UI refuses a whole trace for less. A value that is empty becomes an empty
 * text, a double that JSON has no number for its name (`NaN`, `Infinity`), and a link without a valid id is left out
 * and counted as dropped. Who asks for `rawTraces` gets the span as it is stored.
 */
export function shownSpan(span: Span): Span {
  const links = span.links.filter((link) => !ALL_ZERO.test(link.traceId) && !ALL_ZERO.test(link.spanId));
  return {
    ...span,
    attributes: shownAttributes(span.attributes),
    events: span.events.map((event) => ({ ...event, attributes: shownAttributes(event.attributes) })),
    links: links.map((link) => ({ ...link, attributes: shownAttributes(link.attributes) })),
    droppedLinksCount: span.droppedLinksCount + span.links.length - links.length,
  };
}

/** Attributes as `shownSpan` has them. */
export function shownAttributes(attributes: Attributes): Attributes {
  return attributes.map(({ key, value }) => ({ key, value: shownValue(value) }));
}

function shownValue(value: AnyValue): AnyValue {
  switch (value.type) {
    case "empty":
      return { type: "string", value: "" };
    case "double":
      return Number.isFinite(value.value) ? value : { type: "string", value: String(value.value) };
    case "array":
      return { type: "array", value: value.value.map(shownValue) };
    case "kvlist":
      return { type: "kvlist", value: shownAttributes(value.value) };
    default:
      return value;
  }
}
