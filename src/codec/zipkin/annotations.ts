import { type AnyValue, anyValueText, type KeyValue } from "../../model/any-value.ts";
import type { SpanEvent } from "../../model/span.ts";
import { TIME_CLASS, timeClassOf } from "../../model/span-times.ts";
import { anyValueFromJsonText } from "../mapping/json-text.ts";
import { TAG } from "../mapping/keys.ts";
import {
  applyEventResidue,
  eventResidue,
  NANOS_PER_MICRO,
  parseResidue,
  RESIDUE_KEY,
} from "../mapping/span-residue.ts";
import { TagBag } from "../mapping/take-tags.ts";
import type { ZipkinAnnotation } from "./model.ts";

/**
 * An event as an annotation: its name alone, or `"name": {…}` with the attributes as JSON (OpenTelemetry to Zipkin
 * transformation, "Events"). `fallbackMicros` stands in for the time of an event that has none or an impossible one,
 * because Zipkin refuses 0.
 */
export function toAnnotation(event: SpanEvent, fallbackMicros: number): ZipkinAnnotation {
  const isTime = timeClassOf(event.timeUnixNano) !== TIME_CLASS.none;
  const timestamp = (isTime && Number(event.timeUnixNano / NANOS_PER_MICRO)) || fallbackMicros;
  if (event.attributes.length === 0 && event.droppedAttributesCount === 0) {
    const bare = { timestamp, value: event.name };
    if (eventResidue(plainEvent(bare), event, NANOS_PER_MICRO) === undefined) return bare;
  }
  const own: KeyValue[] = [];
  if (event.droppedAttributesCount !== 0) {
    own.push({ key: TAG.droppedAttributes, value: { type: "int", value: BigInt(event.droppedAttributesCount) } });
  }
  const taken = new Set([RESIDUE_KEY, ...own.map((field) => field.key)]);
  const fields = [...event.attributes.filter(({ key }) => !taken.has(key)), ...own];
  const annotation = { timestamp, value: describe(event.name, fields) };
  const residue = eventResidue(plainEvent(annotation), event, NANOS_PER_MICRO);
  if (residue === undefined) return annotation;
  const reserved: KeyValue = { key: RESIDUE_KEY, value: { type: "string", value: JSON.stringify(residue) } };
  return { timestamp, value: describe(event.name, [...fields, reserved]) };
}

/** An annotation as an event, with what its reserved field restores. Text that is not of our form is the name. */
export function fromAnnotation(annotation: ZipkinAnnotation): SpanEvent {
  const plain = plainEvent(annotation);
  const reserved = plain.attributes.find((attribute) => attribute.key === RESIDUE_KEY)?.value;
  if (reserved === undefined) return plain;
  const rest = { ...plain, attributes: plain.attributes.filter((attribute) => attribute.key !== RESIDUE_KEY) };
  const residue = parseResidue(reserved.type === "string" ? reserved.value : undefined);
  return residue === undefined ? rest : applyEventResidue(rest, residue);
}

function describe(name: string, fields: readonly KeyValue[]): string {
  return `${JSON.stringify(name)}: ${anyValueText({ type: "kvlist", value: fields })}`;
}

function plainEvent({ timestamp, value }: ZipkinAnnotation): SpanEvent {
  const timeUnixNano = BigInt(Math.trunc(timestamp)) * NANOS_PER_MICRO;
  const described = value.startsWith('"') ? parseDescription(value) : undefined;
  if (described === undefined) return { timeUnixNano, name: value, attributes: [], droppedAttributesCount: 0 };
  const fields = new TagBag(described.fields);
  const droppedAttributesCount = fields.takeCount(TAG.droppedAttributes) ?? 0;
  return { timeUnixNano, name: described.name, attributes: fields.attributes(), droppedAttributesCount };
}

/** `"name": {…}`, which is one member of a JSON object. */
function parseDescription(text: string): { name: string; fields: readonly KeyValue[] } | undefined {
  const value: AnyValue | undefined = anyValueFromJsonText(`{${text}}`);
  const member = value?.type === "kvlist" && value.value.length === 1 ? value.value[0] : undefined;
  return member?.value.type === "kvlist" ? { name: member.key, fields: member.value.value } : undefined;
}
