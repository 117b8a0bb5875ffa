import { type AnyValue, findAttribute } from "../../model/any-value.ts";
import type { Span, SpanEvent, SpanLink } from "../../model/span.ts";
import { TIME_CLASS, timeClassOf } from "../../model/span-times.ts";
import type { ElementLevel, SpanField } from "../../model/trace-query.ts";

/** A field of which each event, or each link, has at most one value. */
export interface ElementField {
  readonly level: ElementLevel;
  value(element: SpanEvent | SpanLink, span: Span): AnyValue | undefined;
}

/** Undefined for a field that is none of events or links alone. */
export function elementField(field: SpanField): ElementField | undefined {
  if (!("intrinsic" in field)) {
    const { scope, key } = field;
    if (scope !== "event" && scope !== "link") return undefined;
    return { level: scope, value: ({ attributes }) => findAttribute(attributes, key) };
  }
  switch (field.intrinsic) {
    case "eventName":
      return ofEvent(({ name }) => text(name));
    case "eventTime":
      return ofEvent(({ timeUnixNano }) => (isTime(timeUnixNano) ? { type: "int", value: timeUnixNano } : undefined));
    case "eventTimeSinceStart":
      return ofEvent((event, span) => {
        const nanos = sinceStart(event, span);
        return nanos === undefined ? undefined : { type: "int", value: nanos };
      });
    case "linkTraceId":
      return ofLink(({ traceId }) => text(traceId));
    case "linkSpanId":
      return ofLink(({ spanId }) => text(spanId));
    case "linkTraceState":
      return ofLink(({ traceState }) => (traceState === "" ? undefined : text(traceState)));
    default:
      return undefined;
  }
}

/** ns from the start of the span, negative for an event before it; undefined where one of both is no time. */
export function sinceStart(
  { timeUnixNano }: Pick<SpanEvent, "timeUnixNano">,
  { startTimeUnixNano }: Pick<Span, "startTimeUnixNano">,
): bigint | undefined {
  return isTime(timeUnixNano) && isTime(startTimeUnixNano) ? timeUnixNano - startTimeUnixNano : undefined;
}

/** Elements of that level that the span has. */
export function elementsOf({ events, links }: Span, level: ElementLevel): readonly (SpanEvent | SpanLink)[] {
  return level === "event" ? events : links;
}

function ofEvent(value: (event: SpanEvent, span: Span) => AnyValue | undefined): ElementField {
  return { level: "event", value: (element, span) => value(element as SpanEvent, span) };
}

function ofLink(value: (link: SpanLink) => AnyValue | undefined): ElementField {
  return { level: "link", value: (element) => value(element as SpanLink) };
}

function isTime(nanos: bigint): boolean {
  return timeClassOf(nanos) !== TIME_CLASS.none;
}

function text(value: string): AnyValue {
  return { type: "string", value };
}
