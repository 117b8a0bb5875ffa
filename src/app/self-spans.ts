import { encodeTraces } from "../codec/otlp/encode.ts";
import type { WorkDetails } from "../component/own-work.ts";
import type { AnyValue, KeyValue } from "../model/any-value.ts";
import { type Span, type SpanKind, STATUS_CODE } from "../model/span.ts";

/** Service name of the collector's own spans. */
export const SELF_SERVICE = "spanloom";

export interface SelfSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly endNano: bigint;
  readonly tookNano: bigint;
  readonly details: WorkDetails;
  readonly error: string | undefined;
}

export function selfSpan({ endNano, tookNano, details, error, ...rest }: SelfSpan): Span {
  return {
    ...rest,
    traceState: "",
    flags: 1,
    startTimeUnixNano: endNano - tookNano,
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
