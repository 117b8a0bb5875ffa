import { fragmentRecords } from "../../../src/codec/otlp/message/fragment-records.ts";
import {
  type AnyValue,
  type Attributes,
  anyValueText,
  findAttribute,
  type KeyValue,
} from "../../../src/model/any-value.ts";
import type { LogFragment } from "../../../src/model/log.ts";
import {
  type Resource,
  SPAN_KIND,
  SPAN_KIND_NAMES,
  SPAN_MARK,
  type SpanRecord,
  STATUS_CODE,
} from "../../../src/model/span.ts";
import { markWords } from "../../../src/query/mark-words.ts";

/**
 * One trace as Jaeger's v1 API has it, made of decoded spans, by the table of the mapping: slow, and easy to compare
 * with that table. What src/query/jaeger writes from bytes has to be the same text.
 */
export function plainJaegerTrace(traceId: string, fragments: readonly LogFragment[], raw: boolean): string {
  const processes = new Processes();
  const records = fragments.flatMap(fragmentRecords);
  const written = raw ? records : giveServersTheirOwnIds(records);
  const cut = raw ? new Set<number>() : spansOfCircles(written, records);
  const spans = written.map((record, i) => spanJson(record, processes.idOf(record), cut.has(i)));
  return `{"traceID":"${traceId}","spans":[${spans.join(",")}],"processes":{${processes.json()}},"warnings":null}`;
}

/** Numbers the distinct processes (service and resource attributes) of one trace p1, p2, … */
class Processes {
  readonly #byResource = new Map<Resource, string>();
  readonly #byJson = new Map<string, string>();

  idOf(record: SpanRecord): string {
    const known = this.#byResource.get(record.resource);
    if (known !== undefined) return known;
    const attributes = record.resource.attributes.filter(({ key }) => key !== "service.name");
    const json = `{"serviceName":${JSON.stringify(record.service)},"tags":${tagsJson(attributes)}}`;
    let id = this.#byJson.get(json);
    if (id === undefined) {
      id = `p${this.#byJson.size + 1}`;
      this.#byJson.set(json, id);
    }
    this.#byResource.set(record.resource, id);
    return id;
  }

  json(): string {
    return Array.from(this.#byJson, ([json, id]) => `"${id}":${json}`).join(",");
  }
}

/** Times of different classes make no duration; what is no time is written as 0. */
function classOf(time: bigint): "none" | "early" | "possible" {
  if (time === 0n || time > BigInt(Date.UTC(2200, 0)) * 1_000_000n) return "none";
  return time < BigInt(Date.UTC(2000, 0)) * 1_000_000n ? "early" : "possible";
}

function spanJson(record: SpanRecord, processId: string, cut: boolean): string {
  const { span } = record;
  const [start, end] = [classOf(span.startTimeUnixNano), classOf(span.endTimeUnixNano)];
  const known = start === end && start !== "none";
  const duration = known ? span.endTimeUnixNano - span.startTimeUnixNano : 0n;
  const micros = (time: bigint) => (classOf(time) === "none" ? 0n : time / 1000n);
  const references = referencesOf(record);
  const leftOut = cut ? references.filter(({ traceId }) => traceId === span.traceId) : [];
  const warnings = [...markWords(known ? record.marks : record.marks | SPAN_MARK.impossibleTime)];
  if (leftOut.length > 0) {
    const texts = leftOut.map(({ type, spanId }) => `${type} ${spanId}`);
    warnings.push(`references that lead round in a circle are left out: ${texts.join(", ")}`);
  }
  const kept = references.filter((one) => !leftOut.includes(one)).map(referenceJson);
  let logs = "";
  for (const event of span.events) {
    const fields = tagsJson(withDerived(event.attributes, event.name === "" ? [] : [text("event", event.name)]));
    logs += `${logs === "" ? "" : ","}{"timestamp":${micros(event.timeUnixNano)},"fields":${fields}}`;
  }
  // Jaeger's flags are sampled (1) and debug (2); bit 1 of W3C's means something else.
  return (
    `{"traceID":"${span.traceId}","spanID":"${span.spanId}","flags":${span.flags & 1},` +
    `"operationName":${JSON.stringify(span.name)},"references":[${kept.join(",")}],` +
    `"startTime":${micros(span.startTimeUnixNano)},"duration":${duration > 0n ? duration / 1000n : 0n},` +
    `"tags":${tagsJson(withDerived(span.attributes, derivedTags(record)))},"logs":[${logs}],` +
    `"processID":"${processId}","warnings":${warnings.length === 0 ? "null" : JSON.stringify(warnings)}}`
  );
}

interface Reference {
  readonly type: "CHILD_OF" | "FOLLOWS_FROM";
  readonly traceId: string;
  readonly spanId: string;
}

/** The parent first, as CHILD_OF; links follow, FOLLOWS_FROM unless an OpenTracing bridge said otherwise. */
function referencesOf({ span }: SpanRecord): Reference[] {
  const references: Reference[] = [];
  if (span.parentSpanId !== "") {
    references.push({ type: "CHILD_OF", traceId: span.traceId, spanId: span.parentSpanId });
  }
  for (const { attributes, traceId, spanId } of span.links) {
    const type = findAttribute(attributes, "opentracing.ref_type");
    const childOf = type?.type === "string" && type.value === "child_of";
    references.push({ type: childOf ? "CHILD_OF" : "FOLLOWS_FROM", traceId, spanId });
  }
  return references;
}

function referenceJson({ type, traceId, spanId }: Reference): string {
  return `{"refType":"${type}","traceID":"${traceId}","spanID":"${spanId}"}`;
}

/** Of each circle of first references the span to cut: one without a parent, else the earliest; ties as stored. */
function spansOfCircles(written: readonly SpanRecord[], stored: readonly SpanRecord[]): ReadonlySet<number> {
  const upper = written.map((record) => {
    const [first] = referencesOf(record);
    if (first === undefined || first.traceId !== record.span.traceId) return -1;
    return written.findIndex(({ span }) => span.spanId === first.spanId);
  });
  const rank = (i: number): readonly [boolean, bigint, string, number] => {
    const { parentSpanId, startTimeUnixNano, spanId } = (stored[i] as SpanRecord).span;
    return [parentSpanId !== "", startTimeUnixNano, spanId, i];
  };
  const before = (a: number, b: number) => {
    const [x, y] = [rank(a), rank(b)];
    const at = x.findIndex((value, i) => value !== y[i]);
    return at >= 0 && (x[at] as bigint) < (y[at] as bigint);
  };
  const cut = new Set<number>();
  for (const start of written.keys()) {
    const circle: number[] = [];
    for (let at = start; at >= 0 && !circle.includes(at); at = upper[at] as number) circle.push(at);
    const last = upper[circle.at(-1) as number] as number;
    if (last === start) cut.add(circle.reduce((best, one) => (before(one, best) ? one : best)));
  }
  return cut;
}

/** The fields of a span for which Jaeger has no field but a conventional tag. */
function derivedTags({ span, scope }: SpanRecord): KeyValue[] {
  const tags: KeyValue[] = [];
  if (span.kind !== SPAN_KIND.unspecified && span.kind !== SPAN_KIND.internal) {
    tags.push(text("span.kind", SPAN_KIND_NAMES[span.kind]));
  }
  if (span.status.code === STATUS_CODE.ok) tags.push(text("otel.status_code", "OK"));
  if (span.status.code === STATUS_CODE.error) {
    tags.push(text("otel.status_code", "ERROR"), { key: "error", value: { type: "bool", value: true } });
  }
  if (span.status.message !== "") tags.push(text("otel.status_description", span.status.message));
  if (scope.name !== "") tags.push(text("otel.scope.name", scope.name));
  if (scope.version !== "") tags.push(text("otel.scope.version", scope.version));
  if (span.traceState !== "") tags.push(text("w3c.tracestate", span.traceState));
  return tags;
}

function text(key: string, value: string): KeyValue {
  return { key, value: { type: "string", value } };
}

/** Attributes, then what was derived, except where an attribute says the same already. */
function withDerived(attributes: Attributes, derived: readonly KeyValue[]): Attributes {
  if (derived.length === 0) return attributes;
  const added = derived.filter(({ key, value }) => {
    const own = findAttribute(attributes, key);
    return own === undefined || anyValueText(own) !== anyValueText(value);
  });
  return [...attributes, ...added];
}

function tagsJson(attributes: Attributes): string {
  let json = "";
  for (const { key, value } of attributes) {
    json += `${json === "" ? "" : ","}{"key":${JSON.stringify(key)},${valueJson(value)}}`;
  }
  return `[${json}]`;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function valueJson(value: AnyValue): string {
  switch (value.type) {
    case "bool":
      return `"type":"bool","value":${value.value}`;
    case "int": {
      const safe = value.value <= MAX_SAFE && value.value >= -MAX_SAFE;
      return `"type":"int64","value":${safe ? value.value : `"${value.value}"`}`;
    }
    case "double":
      return `"type":"float64","value":${doubleJson(value.value)}`;
    case "bytes":
      return `"type":"binary","value":"${anyValueText(value)}"`;
    default:
      return `"type":"string","value":${JSON.stringify(anyValueText(value))}`;
  }
}

function doubleJson(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** Server spans that share the id of a client get one of their own, below the client, and its children. */
function giveServersTheirOwnIds(records: readonly SpanRecord[]): readonly SpanRecord[] {
  const clients = new Set<string>();
  for (const { span } of records) if (span.kind === SPAN_KIND.client) clients.add(span.spanId);
  const isShared = ({ span }: SpanRecord) => span.kind === SPAN_KIND.server && clients.has(span.spanId);
  if (!records.some(isShared)) return records;

  const used = new Set(records.flatMap(({ span }) => [span.spanId, span.parentSpanId]));
  const serverIds = new Map<string, string>();
  for (const record of records) {
    const { spanId } = record.span;
    if (isShared(record) && !serverIds.has(spanId)) serverIds.set(spanId, unusedId(spanId, used));
  }
  return records.map((record) => {
    const { span } = record;
    if (isShared(record)) {
      return { ...record, span: { ...span, spanId: serverIds.get(span.spanId) as string, parentSpanId: span.spanId } };
    }
    const parentSpanId = serverIds.get(span.parentSpanId);
    return parentSpanId === undefined ? record : { ...record, span: { ...span, parentSpanId } };
  });
}

/** The next id after the given one that no span has; the same for the same trace. */
function unusedId(spanId: string, used: Set<string>): string {
  let id = BigInt(`0x${spanId}`);
  for (;;) {
    id = BigInt.asUintN(64, id + 1n);
    const text = id.toString(16).padStart(16, "0");
    if (id !== 0n && !used.has(text)) {
      used.add(text);
      return text;
    }
  }
}
