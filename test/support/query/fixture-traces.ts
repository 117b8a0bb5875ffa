import { readFileSync } from "node:fs";
import { encodeTraces } from "../../../src/codec/otlp/message/encode.ts";
import { TraceScanner } from "../../../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../../src/codec/otlp/scan/scan-result.ts";
import type { AnyValue, KeyValue } from "../../../src/model/any-value.ts";
import type { LogBlock } from "../../../src/model/log.ts";
import type { ResourceSpans, Span, TracesData } from "../../../src/model/span.ts";

/** OTLP JSON as the recorded files hold it: only what they hold, so that it can be an oracle apart from the codec. */
export interface OtlpValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number | string;
  bytesValue?: string;
  arrayValue?: { values?: OtlpValue[] };
  kvlistValue?: { values?: OtlpAttribute[] };
}
export interface OtlpAttribute {
  key: string;
  value?: OtlpValue;
}
export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  flags?: number;
  name?: string;
  kind?: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: OtlpAttribute[];
  droppedAttributesCount?: number;
  events?: { timeUnixNano: string; name?: string; attributes?: OtlpAttribute[]; droppedAttributesCount?: number }[];
  droppedEventsCount?: number;
  links?: { traceId: string; spanId: string; traceState?: string; attributes?: OtlpAttribute[]; flags?: number }[];
  droppedLinksCount?: number;
  status?: { code?: number; message?: string };
}
export interface OtlpResourceSpans {
  resource?: { attributes?: OtlpAttribute[] };
  schemaUrl?: string;
  scopeSpans: {
    scope?: { name?: string; version?: string; attributes?: OtlpAttribute[] };
    schemaUrl?: string;
    spans: OtlpSpan[];
  }[];
}
export interface OtlpRequest {
  resourceSpans: OtlpResourceSpans[];
}

export const FIXTURES = ["node-shop", "python-shop", "telemetrygen"] as const;
export type FixtureName = (typeof FIXTURES)[number];

const folder = new URL("../../fixtures/", import.meta.url);

/** The export requests of a recorded file, in order of arrival. */
export function readFixture(name: FixtureName): OtlpRequest[] {
  const lines = readFileSync(new URL(`${name}.jsonl`, folder), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as OtlpRequest);
}

export interface TraceFacts {
  traceId: string;
  spans: number;
  errors: number;
  events: number;
  links: number;
  depth: number;
  roots: { name: string; service: string; kind: string; spanId: string; durationNano: string }[];
  services: Record<string, { spans: number; errors: number }>;
  startTimeUnixNano: string;
  durationNano: string;
}

export function readFacts(): Record<FixtureName, { notable: Record<string, TraceFacts>; allTraces: TraceFacts[] }> {
  return JSON.parse(readFileSync(new URL("facts.json", folder), "utf8")) as ReturnType<typeof readFacts>;
}

/** A batch as the log would hold it. */
export function batchOf(data: TracesData, segment = 1): LogBlock {
  const body = encodeTraces(data);
  const { columns } = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
  return { next: { segment, block: 1 }, receivedAtMs: 0, body, columns };
}

export function toModel(request: OtlpRequest): TracesData {
  return request.resourceSpans.map(
    (entry): ResourceSpans => ({
      resource: { attributes: attributes(entry.resource?.attributes), droppedAttributesCount: 0, entityRefs: [] },
      schemaUrl: entry.schemaUrl ?? "",
      scopeSpans: entry.scopeSpans.map(({ scope, schemaUrl, spans }) => ({
        scope: {
          name: scope?.name ?? "",
          version: scope?.version ?? "",
          attributes: attributes(scope?.attributes),
          droppedAttributesCount: 0,
        },
        schemaUrl: schemaUrl ?? "",
        spans: spans.map(toSpan),
      })),
    }),
  );
}

function toSpan(span: OtlpSpan): Span {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? "",
    traceState: span.traceState ?? "",
    flags: span.flags ?? 0,
    name: span.name ?? "",
    kind: (span.kind ?? 0) as Span["kind"],
    startTimeUnixNano: BigInt(span.startTimeUnixNano),
    endTimeUnixNano: BigInt(span.endTimeUnixNano),
    attributes: attributes(span.attributes),
    droppedAttributesCount: span.droppedAttributesCount ?? 0,
    events: (span.events ?? []).map((event) => ({
      timeUnixNano: BigInt(event.timeUnixNano),
      name: event.name ?? "",
      attributes: attributes(event.attributes),
      droppedAttributesCount: event.droppedAttributesCount ?? 0,
    })),
    droppedEventsCount: span.droppedEventsCount ?? 0,
    links: (span.links ?? []).map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      traceState: link.traceState ?? "",
      attributes: attributes(link.attributes),
      droppedAttributesCount: 0,
      flags: link.flags ?? 0,
    })),
    droppedLinksCount: span.droppedLinksCount ?? 0,
    status: { code: (span.status?.code ?? 0) as Span["status"]["code"], message: span.status?.message ?? "" },
  };
}

function attributes(list: readonly OtlpAttribute[] = []): KeyValue[] {
  return list.map(({ key, value }) => ({ key, value: anyValue(value ?? {}) }));
}

function anyValue(json: OtlpValue): AnyValue {
  if (json.stringValue !== undefined) return { type: "string", value: json.stringValue };
  if (json.boolValue !== undefined) return { type: "bool", value: json.boolValue };
  if (json.intValue !== undefined) return { type: "int", value: BigInt(json.intValue) };
  if (json.doubleValue !== undefined) return { type: "double", value: Number(json.doubleValue) };
  if (json.bytesValue !== undefined)
    return { type: "bytes", value: new Uint8Array(Buffer.from(json.bytesValue, "base64")) };
  if (json.arrayValue !== undefined) return { type: "array", value: (json.arrayValue.values ?? []).map(anyValue) };
  if (json.kvlistValue !== undefined) return { type: "kvlist", value: attributes(json.kvlistValue.values) };
  return { type: "empty" };
}
