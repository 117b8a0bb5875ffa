import type { AnyValue, KeyValue } from "../../../model/any-value.ts";
import { hexToBytes } from "../../../model/ids.ts";
import type {
  Resource,
  ResourceSpans,
  Scope,
  ScopeSpans,
  Span,
  SpanEvent,
  SpanKind,
  SpanLink,
  StatusCode,
  TracesData,
} from "../../../model/span.ts";
import { DecodeError } from "../../decode-error.ts";
import { wellFormed } from "../../utf8.ts";
import { encodeEntityRef } from "../message/entity-ref.ts";
import { MAX_VALUE_DEPTH } from "../wire/wire.ts";
import { type Json, parseJson } from "./json-reader.ts";

/**
 * OTLP/JSON (UTF-8) to objects, by opentelemetry-proto's specification: lowerCamelCase names only, unknown fields
 * ignored, hex ids of either case, enums as integers only, 64-bit integers as string or number with every digit kept.
 * What real senders do is taken: an `intValue` that is no int64 becomes a double, `null` an empty value, a lone
 * surrogate U+FFFD. Ids of a wrong length stay as they are; an id that is no hex leaves the span without ids, so that
 * this span alone is refused later. Throws DecodeError that names line and column, or the path such as
 * `resourceSpans[0].scopeSpans[0].spans[3].kind`.
 */
export function jsonToTraces(bytes: Uint8Array): TracesData {
  const root = new TextDecoder().decode(bytes);
  return list(object(parseJson(root), ""), "resourceSpans", "", resourceSpans);
}

type Fields = { readonly [key: string]: Json };

function resourceSpans(json: Json, path: string): ResourceSpans {
  const o = object(json, path);
  return {
    resource: resource(o.resource ?? {}, `${path}.resource`),
    schemaUrl: text(o, "schemaUrl", path),
    scopeSpans: list(o, "scopeSpans", path, scopeSpans),
  };
}

function resource(json: Json, path: string): Resource {
  const o = object(json, path);
  return {
    attributes: attributes(o, path),
    droppedAttributesCount: u32(o, "droppedAttributesCount", path),
    entityRefs: list(o, "entityRefs", path, (item, at) => {
      const ref = object(item, at);
      return encodeEntityRef({
        schemaUrl: text(ref, "schemaUrl", at),
        type: text(ref, "type", at),
        idKeys: list(ref, "idKeys", at, textItem),
        descriptionKeys: list(ref, "descriptionKeys", at, textItem),
      });
    }),
  };
}

function scopeSpans(json: Json, path: string): ScopeSpans {
  const o = object(json, path);
  return {
    scope: scope(o.scope ?? {}, `${path}.scope`),
    schemaUrl: text(o, "schemaUrl", path),
    spans: list(o, "spans", path, span),
  };
}

function scope(json: Json, path: string): Scope {
  const o = object(json, path);
  return {
    name: text(o, "name", path),
    version: text(o, "version", path),
    attributes: attributes(o, path),
    droppedAttributesCount: u32(o, "droppedAttributesCount", path),
  };
}

function span(json: Json, path: string): Span {
  const o = object(json, path);
  const traceId = hexId(o, "traceId", path);
  const spanId = hexId(o, "spanId", path);
  const parentSpanId = hexId(o, "parentSpanId", path);
  const known = traceId !== undefined && spanId !== undefined && parentSpanId !== undefined;
  const status = object(o.status ?? {}, `${path}.status`);
  return {
    traceId: known ? traceId : "",
    spanId: known ? spanId : "",
    parentSpanId: known && !/^0*$/.test(parentSpanId) ? parentSpanId : "",
    traceState: text(o, "traceState", path),
    flags: u32(o, "flags", path),
    name: text(o, "name", path),
    // A number outside the standard's six is kept: it is encoded as it is, and the scanner marks it.
    kind: enumeration(o, "kind", path) as SpanKind,
    startTimeUnixNano: u64(o, "startTimeUnixNano", path),
    endTimeUnixNano: u64(o, "endTimeUnixNano", path),
    attributes: attributes(o, path),
    droppedAttributesCount: u32(o, "droppedAttributesCount", path),
    events: list(o, "events", path, event),
    droppedEventsCount: u32(o, "droppedEventsCount", path),
    links: list(o, "links", path, link),
    droppedLinksCount: u32(o, "droppedLinksCount", path),
    status: {
      code: enumeration(status, "code", `${path}.status`) as StatusCode,
      message: text(status, "message", `${path}.status`),
    },
  };
}

function event(json: Json, path: string): SpanEvent {
  const o = object(json, path);
  return {
    timeUnixNano: u64(o, "timeUnixNano", path),
    name: text(o, "name", path),
    attributes: attributes(o, path),
    droppedAttributesCount: u32(o, "droppedAttributesCount", path),
  };
}

function link(json: Json, path: string): SpanLink {
  const o = object(json, path);
  return {
    traceId: hexId(o, "traceId", path) ?? "",
    spanId: hexId(o, "spanId", path) ?? "",
    traceState: text(o, "traceState", path),
    attributes: attributes(o, path),
    droppedAttributesCount: u32(o, "droppedAttributesCount", path),
    flags: u32(o, "flags", path),
  };
}

function attributes(o: Fields, path: string): KeyValue[] {
  return list(o, "attributes", path, (item, at) => keyValue(item, at, MAX_VALUE_DEPTH));
}

function keyValue(json: Json, path: string, depth: number): KeyValue {
  const o = object(json, path);
  return { key: text(o, "key", path), value: anyValue(o.value ?? {}, `${path}.value`, depth) };
}

/** The value of the first field of the oneof that is there and not null; `{}` is the empty value. */
function anyValue(json: Json, path: string, depth: number): AnyValue {
  if (depth <= 0) throw new DecodeError(`${path}: attribute value is nested deeper than ${MAX_VALUE_DEPTH} levels`);
  if (json === null) return { type: "empty" };
  const o = object(json, path);
  if (present(o.stringValue)) return { type: "string", value: text(o, "stringValue", path) };
  if (present(o.intValue)) return intValue(o.intValue, `${path}.intValue`);
  if (present(o.doubleValue)) return { type: "double", value: double(o.doubleValue, `${path}.doubleValue`) };
  if (present(o.boolValue)) {
    if (typeof o.boolValue !== "boolean") throw wrong(`${path}.boolValue`, "true or false", o.boolValue);
    return { type: "bool", value: o.boolValue };
  }
  if (present(o.bytesValue)) return { type: "bytes", value: base64(o.bytesValue, `${path}.bytesValue`) };
  if (present(o.arrayValue)) {
    const at = `${path}.arrayValue`;
    const items = list(object(o.arrayValue, at), "values", at, (item, place) => anyValue(item, place, depth - 1));
    return { type: "array", value: items };
  }
  if (present(o.kvlistValue)) {
    const at = `${path}.kvlistValue`;
    const items = list(object(o.kvlistValue, at), "values", at, (item, place) => keyValue(item, place, depth - 1));
    return { type: "kvlist", value: items };
  }
  return { type: "empty" };
}

function present(value: Json | undefined): value is Exclude<Json, null> {
  return value !== undefined && value !== null;
}

function intValue(json: Json, path: string): AnyValue {
  const whole = wholeNumber(json);
  if (whole !== undefined && whole === BigInt.asIntN(64, whole)) return { type: "int", value: whole };
  if (whole === undefined && typeof json !== "number") throw wrong(path, "an integer, as number or string", json);
  return { type: "double", value: Number(json) };
}

function double(json: Json, path: string): number {
  if (typeof json === "number" || typeof json === "bigint") return Number(json);
  if (json === "NaN" || json === "Infinity" || json === "-Infinity") return Number(json);
  if (typeof json === "string" && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(json)) return Number(json);
  throw wrong(path, 'a number, "NaN", "Infinity" or "-Infinity"', json);
}

function base64(json: Json, path: string): Uint8Array {
  if (typeof json !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(json)) throw wrong(path, "base64 text", json);
  return new Uint8Array(Buffer.from(json, "base64"));
}

/** The exact integer a JSON number or a string of digits means. */
function wholeNumber(json: Json): bigint | undefined {
  if (typeof json === "bigint") return json;
  if (typeof json === "number") return Number.isInteger(json) ? BigInt(json) : undefined;
  return typeof json === "string" && /^-?\d{1,40}$/.test(json) ? BigInt(json) : undefined;
}

function u64(o: Fields, name: string, path: string): bigint {
  const json = o[name];
  if (!present(json)) return 0n;
  const whole = wholeNumber(json);
  if (whole === undefined || whole !== BigInt.asUintN(64, whole)) {
    throw wrong(`${path}.${name}`, "nanoseconds as an unsigned 64-bit integer, as string or number", json);
  }
  return whole;
}

function u32(o: Fields, name: string, path: string): number {
  const json = o[name];
  if (!present(json)) return 0;
  const whole = wholeNumber(json);
  if (whole === undefined || whole !== BigInt.asUintN(32, whole)) {
    throw wrong(`${path}.${name}`, "an unsigned 32-bit integer", json);
  }
  return Number(whole);
}

function enumeration(o: Fields, name: string, path: string): number {
  const json = o[name];
  if (!present(json)) return 0;
  if (typeof json !== "number" || json !== (json | 0)) {
    throw wrong(`${path}.${name}`, "an integer (OTLP/JSON has no enum names)", json);
  }
  return json;
}

/** Lower-case hex, `""` where absent; undefined where the text is no hex. */
function hexId(o: Fields, name: string, path: string): string | undefined {
  const id = text(o, name, path);
  const even = id.length % 2 === 0 ? id : `0${id}`;
  return hexToBytes(even) === undefined ? undefined : even.toLowerCase();
}

function text(o: Fields, name: string, path: string): string {
  const json = o[name];
  return present(json) ? textItem(json, `${path}.${name}`) : "";
}

function textItem(json: Json, path: string): string {
  if (typeof json !== "string") throw wrong(path, "a string", json);
  return wellFormed(json);
}

function list<T>(o: Fields, name: string, path: string, item: (json: Json, path: string) => T): T[] {
  const json = o[name];
  if (!present(json)) return [];
  const at = path === "" ? name : `${path}.${name}`;
  if (!Array.isArray(json)) throw wrong(at, "an array", json);
  return json.map((one: Json, i) => item(one, `${at}[${i}]`));
}

function object(json: Json, path: string): Fields {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw wrong(path, "an object", json);
  return json as Fields;
}

function wrong(path: string, expected: string, found: Json): DecodeError {
  const shown = typeof found === "bigint" ? found.toString() : (JSON.stringify(found) ?? "nothing");
  const short = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
  return new DecodeError(`${path === "" ? "the document" : path}: expected ${expected}, found ${short}`);
}
