import { randomBytes } from "node:crypto";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import type { OwnWork, WorkDetails } from "../../component/own-work.ts";
import type { AnyValue, KeyValue } from "../../model/any-value.ts";
import { SPAN_KIND, type Span, STATUS_CODE } from "../../model/span.ts";

/** Service name of the collector's own spans. */
export const SELF_SERVICE = "spanloom";

/** Work and its parts as the spans of a trace of their own, the work itself first. */
export function spansOfWork(work: OwnWork): Span[] {
  const traceId = randomBytes(16).toString("hex");
  const root = spanOfWork(work, traceId, "");
  return [root, ...(work.parts ?? []).map((part) => spanOfWork(part, traceId, root.spanId))];
}

function spanOfWork(
  { name, kind, endMs, tookMs, details, error }: OwnWork,
  traceId: string,
  parentSpanId: string,
): Span {
  const endNano = BigInt(Math.round(endMs * 1e6));
  return {
    traceId,
    spanId: randomBytes(8).toString("hex"),
    parentSpanId,
    name,
    kind: SPAN_KIND[kind],
    traceState: "",
    flags: 1,
    startTimeUnixNano: endNano - BigInt(Math.round(tookMs * 1e6)),
    endTimeUnixNano: endNano,
    attributes: attributesOf(details),
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status:
      error === undefined ? { code: STATUS_CODE.unset, message: "" } : { code: STATUS_CODE.error, message: error },
  };
}

/** The spans as one OTLP message of service `spanloom`. */
export function encodeSelfSpans(spans: Span[], version: string, instance: string): Uint8Array<ArrayBuffer> {
  const resource = attributesOf({
    "service.name": SELF_SERVICE,
    "service.version": version,
    "service.instance.id": instance,
  });
  return encodeTraces([
    {
      resource: { attributes: resource, droppedAttributesCount: 0, entityRefs: [] },
      schemaUrl: "",
      scopeSpans: [
        { scope: { name: "spanloom", version, attributes: [], droppedAttributesCount: 0 }, schemaUrl: "", spans },
      ],
    },
  ]);
}

function attributesOf(details: WorkDetails): KeyValue[] {
  return Object.entries(details).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValueOf(value) }],
  );
}

function anyValueOf(value: string | number | boolean): AnyValue {
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "boolean") return { type: "bool", value };
  return Number.isSafeInteger(value) ? { type: "int", value: BigInt(value) } : { type: "double", value };
}
