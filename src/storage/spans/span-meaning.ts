import { decodeSpan } from "../../codec/otlp/message/decode.ts";
import { type AnyValue, type Attributes, doubleText } from "../../model/any-value.ts";

/**
 * A text that two Span messages of one trace share exactly where they say the same: under which of its ids, the order
 * of attributes of different keys, fields that hold their defaults, and other encodings of one value make no
 * difference. Unknown fields are not looked at. Throws DecodeError where the bytes are no Span.
 */
export function spanMeaning(body: Uint8Array, start: number, end: number): string {
  const span = decodeSpan(body, start, end);
  const { traceId: _, attributes, events, links, startTimeUnixNano, endTimeUnixNano, ...rest } = span;
  return JSON.stringify([
    // In the order in which `decodeSpan` makes them, which is the same for all.
    rest,
    startTimeUnixNano.toString(),
    endTimeUnixNano.toString(),
    attributesMeaning(attributes),
    events.map((event) => ({
      ...event,
      timeUnixNano: event.timeUnixNano.toString(),
      attributes: attributesMeaning(event.attributes),
    })),
    links.map((link) => ({ ...link, attributes: attributesMeaning(link.attributes) })),
  ]);
}

/** By key; several of one key stay in their order, as the first is the one that counts. */
function attributesMeaning(attributes: Attributes): unknown {
  return attributes
    .toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
    .map(({ key, value }) => [key, valueMeaning(value)]);
}

function valueMeaning(value: AnyValue): unknown {
  switch (value.type) {
    case "string":
    case "bool":
      return value.value;
    case "int":
      return ["int", value.value.toString()];
    case "double":
      return ["double", doubleText(value.value)];
    case "bytes":
      return ["bytes", Buffer.from(value.value).toString("latin1")];
    case "array":
      return ["array", value.value.map(valueMeaning)];
    case "kvlist":
      return ["kvlist", attributesMeaning(value.value)];
    case "empty":
      return null;
  }
}
