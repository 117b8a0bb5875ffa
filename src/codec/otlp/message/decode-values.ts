import type { AnyValue, KeyValue } from "../../../model/any-value.ts";
import { DecodeError } from "../../decode-error.ts";
import { type ByteReader, fieldSet, MAX_VALUE_DEPTH } from "../wire/wire.ts";

const EMPTY: AnyValue = { type: "empty" };
const ANY_VALUE = fieldSet(1, 2, 3, 4, 5, 6, 7);
const KEY_VALUE = fieldSet(1, 2);
const LIST = fieldSet(1);

/**
 * KeyValue: key = 1, value = 2 (common.proto); the reader stands at its length. A value that comes twice is merged as
 * protobuf merges messages: the last kind wins, and lists of the same kind are joined.
 */
export function readKeyValue(r: ByteReader, maxDepth = MAX_VALUE_DEPTH): KeyValue {
  return keyValue(r, maxDepth);
}

function keyValue(r: ByteReader, depth: number): KeyValue {
  const outer = r.enter();
  const result = keyValueBody(r, depth);
  r.leave(outer);
  return result;
}

/** The same for a reader that stands on the first byte of the message and ends with it. */
export function keyValueBody(r: ByteReader, depth = MAX_VALUE_DEPTH): KeyValue {
  let key = "";
  let value = EMPTY;
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x0a) key = r.text();
    else if (tag === 0x12) value = anyValue(r, value, depth);
    else r.skip(tag, KEY_VALUE);
  }
  return { key, value };
}

/**
 * AnyValue: string 1, bool 2, int 3, double 4, array 5, kvlist 6, bytes 7. `depth` is the number of nested values that
 * are still allowed.
 */
function anyValue(r: ByteReader, before: AnyValue, depth: number): AnyValue {
  if (depth <= 0) throw new DecodeError("attribute value is nested too deeply", r.at);
  const outer = r.enter();
  // A list is joined in place: it was made by this reader, and copying it for every part would be quadratic.
  let value = before;
  while (r.at < r.end) {
    const tag = r.tag();
    switch (tag) {
      case 0x0a:
        value = { type: "string", value: r.text() };
        break;
      case 0x10:
        value = { type: "bool", value: r.bool() };
        break;
      case 0x18:
        value = { type: "int", value: r.int64() };
        break;
      case 0x21:
        value = { type: "double", value: r.double() };
        break;
      case 0x2a:
        value = {
          type: "array",
          value: arrayValue(r, value.type === "array" ? (value.value as AnyValue[]) : [], depth - 1),
        };
        break;
      case 0x32:
        value = {
          type: "kvlist",
          value: kvList(r, value.type === "kvlist" ? (value.value as KeyValue[]) : [], depth - 1),
        };
        break;
      case 0x3a:
        value = { type: "bytes", value: r.blob() };
        break;
      default:
        r.skip(tag, ANY_VALUE);
    }
  }
  r.leave(outer);
  return value;
}

function arrayValue(r: ByteReader, values: AnyValue[], depth: number): AnyValue[] {
  const outer = r.enter();
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x0a) values.push(anyValue(r, EMPTY, depth));
    else r.skip(tag, LIST);
  }
  r.leave(outer);
  return values;
}

function kvList(r: ByteReader, values: KeyValue[], depth: number): KeyValue[] {
  const outer = r.enter();
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === 0x0a) values.push(keyValue(r, depth));
    else r.skip(tag, LIST);
  }
  r.leave(outer);
  return values;
}
