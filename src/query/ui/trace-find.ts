import { decodeSpan } from "../../codec/otlp/decode.ts";
import { type Attributes, anyValueText } from "../../model/any-value.ts";
import type { LogFragment } from "../../model/log.ts";
import type { Span } from "../../model/span.ts";
import { nameOf, serviceOf } from "../../model/span-columns.ts";
import { throwIfAborted } from "../fragments.ts";
import type { TraceTree } from "./trace-tree.ts";
import { nonStringTypes, VALUE_TYPE } from "./value-types.ts";

/**
 * The rows, ascending, whose service, name, status message, or any key or value of an attribute, event or link contains
 * the text, whatever its case; and the span whose id it is.
 */
export function findInTrace(
  fragments: readonly LogFragment[],
  tree: TraceTree,
  text: string,
  signal: AbortSignal,
): number[] {
  const wanted = text.toLowerCase();
  const mayMatch = byteTest(wanted);
  const rows: number[] = [];
  for (let row = 0; row < tree.count; row++) {
    if (row % 1024 === 0) throwIfAborted(signal);
    const { body, columns } = (fragments[tree.fragment[row] as number] as LogFragment).batch;
    const source = tree.source[row] as number;
    const start = columns.spanStart[source] as number;
    const end = columns.spanEnd[source] as number;
    const found =
      holds(nameOf(columns, source), wanted) ||
      holds(serviceOf(columns, source), wanted) ||
      (mayMatch(body, start, end) && spanHolds(decodeSpan(body, start, end), wanted));
    if (found) rows.push(row);
  }
  return rows;
}

/**
 * A test that is false only for spans that cannot hold the text, and spares decoding them. The span's bytes, read as
 * Latin-1 in lower case, contain every ASCII text in it; numbers and other values that are no strings are looked at by
 * type. Texts beyond ASCII, whose case is folded differently, and ids are decoded without asking.
 */
function byteTest(wanted: string): (body: Uint8Array, start: number, end: number) => boolean {
  if (/[^\x20-\x7e]/.test(wanted) || /^[0-9a-f]{16,32}$/.test(wanted)) return () => true;
  const types = typesThatCouldShow(wanted);
  return (body, start, end) => {
    const bytes = Buffer.from(body.buffer, body.byteOffset + start, end - start);
    return bytes.toString("latin1").toLowerCase().includes(wanted) || (nonStringTypes(body, start, end) & types) !== 0;
  };
}

function typesThatCouldShow(wanted: string): number {
  let types: number = VALUE_TYPE.other;
  if ("true".includes(wanted) || "false".includes(wanted)) types |= VALUE_TYPE.bool;
  if (/^[-\d]+$/.test(wanted)) types |= VALUE_TYPE.int;
  if (/^[-+.\de]+$/.test(wanted) || "-infinity".includes(wanted) || "nan".includes(wanted)) types |= VALUE_TYPE.double;
  return types;
}

function spanHolds(span: Span, wanted: string): boolean {
  return (
    span.spanId === wanted ||
    holds(span.status.message, wanted) ||
    attributesHold(span.attributes, wanted) ||
    span.events.some((event) => holds(event.name, wanted) || attributesHold(event.attributes, wanted)) ||
    span.links.some((link) => holds(link.traceId, wanted) || attributesHold(link.attributes, wanted))
  );
}

function attributesHold(attributes: Attributes, wanted: string): boolean {
  return attributes.some(({ key, value }) => holds(key, wanted) || holds(anyValueText(value), wanted));
}

function holds(text: string, wanted: string): boolean {
  return text.toLowerCase().includes(wanted);
}
