import { DEFAULT_SERVICE, SPAN_KIND_NAMES, STATUS_CODE } from "../../model/span.ts";
import type { TestAttributes, TestEvent, TestLink, TestSpan, TestSpanStatus, TestValue } from "./test-trace.ts";

/** What the collector's own OTLP JSON has; fields at their defaults are left out. */
interface JsonTraces {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly JsonKeyValue[] };
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string };
      readonly spans?: readonly JsonSpan[];
    }[];
  }[];
}

interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly JsonKeyValue[];
  readonly events?: readonly {
    readonly name?: string;
    readonly timeUnixNano?: string;
    readonly attributes?: readonly JsonKeyValue[];
  }[];
  readonly links?: readonly {
    readonly traceId?: string;
    readonly spanId?: string;
    readonly attributes?: readonly JsonKeyValue[];
  }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface JsonKeyValue {
  readonly key: string;
  readonly value?: JsonValue;
}

interface JsonValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: string | number;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly JsonValue[] };
  readonly kvlistValue?: { readonly values?: readonly JsonKeyValue[] };
}

/** The spans of a trace that the collector wrote as OTLP JSON, in the order in which they were stored. */
export function readOtlpSpans(text: string): TestSpan[] {
  const spans: TestSpan[] = [];
  for (const { resource, scopeSpans = [] } of (JSON.parse(text) as JsonTraces).resourceSpans ?? []) {
    const attributes = attributesOf(resource?.attributes);
    const service = attributes["service.name"];
    for (const { scope, spans: found = [] } of scopeSpans) {
      const shared = {
        service: typeof service === "string" && service !== "" ? service : DEFAULT_SERVICE,
        resource: attributes,
        scope: { name: scope?.name ?? "", version: scope?.version ?? "" },
      };
      for (const span of found) spans.push(spanOf(span, shared));
    }
  }
  return spans;
}

function spanOf(json: JsonSpan, shared: Pick<TestSpan, "service" | "resource" | "scope">): TestSpan {
  const { traceId, spanId, startTimeUnixNano = "0", endTimeUnixNano = "0", status } = json;
  return {
    traceId,
    spanId,
    parentSpanId: json.parentSpanId ?? "",
    traceState: json.traceState ?? "",
    name: json.name ?? "",
    kind: SPAN_KIND_NAMES[json.kind ?? 0] ?? "unspecified",
    ...shared,
    status: statusOf(status?.code),
    statusMessage: status?.message ?? "",
    startTimeUnixNano,
    endTimeUnixNano,
    durationMs: Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6,
    attributes: attributesOf(json.attributes),
    events: (json.events ?? []).map(
      (event): TestEvent => ({
        name: event.name ?? "",
        timeUnixNano: event.timeUnixNano ?? "0",
        attributes: attributesOf(event.attributes),
      }),
    ),
    links: (json.links ?? []).map(
      (link): TestLink => ({
        traceId: link.traceId ?? "",
        spanId: link.spanId ?? "",
        attributes: attributesOf(link.attributes),
      }),
    ),
  };
}

function statusOf(code: number | undefined): TestSpanStatus {
  if (code === STATUS_CODE.error) return "error";
  return code === STATUS_CODE.ok ? "ok" : "unset";
}

/** The first value of a key counts, as for all who read OTLP. */
function attributesOf(list: readonly JsonKeyValue[] = []): TestAttributes {
  return Object.fromEntries(list.toReversed().map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: JsonValue = {}): TestValue {
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } = value;
  if (stringValue !== undefined) return stringValue;
  if (boolValue !== undefined) return boolValue;
  if (intValue !== undefined) return Number.isSafeInteger(Number(intValue)) ? Number(intValue) : BigInt(intValue);
  if (doubleValue !== undefined) return Number(doubleValue);
  if (bytesValue !== undefined) return new Uint8Array(Buffer.from(bytesValue, "base64"));
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(plainValue);
  return kvlistValue === undefined ? null : attributesOf(kvlistValue.values);
}
