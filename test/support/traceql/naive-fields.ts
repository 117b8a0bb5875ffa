import type { AnyValue, Attributes } from "../../../src/model/any-value.ts";
import type { TraceqlField, TraceqlIntrinsic, TraceqlLiteral } from "../../../src/model/traceql.ts";
import { isTime, lasts, type NaiveSpan } from "../search/naive-search.ts";
import type { NaiveTrace } from "./naive-trace.ts";

/** A value of a span, or one that compares with nothing: a list, bytes, an attribute without a value. */
export type NaiveValue =
  | Exclude<TraceqlLiteral, { type: "nil" }>
  | { readonly type: "other"; readonly value: AnyValue };

export function valuesOf(trace: NaiveTrace, span: NaiveSpan, field: TraceqlField): NaiveValue[] {
  if (field.parent === true) {
    const { parent: _, ...own } = field;
    return trace.parents(span).flatMap((one) => valuesOf(trace, one, own as TraceqlField));
  }
  if ("intrinsic" in field) return intrinsicValues(trace, span, field.intrinsic);
  return attributeValues(span, field.scope, field.key);
}

/** Some intrinsics are there, empty, and yet nil. */
export function isNil(trace: NaiveTrace, span: NaiveSpan, field: TraceqlField): boolean {
  const values = valuesOf(trace, span, field);
  const mayBeEmpty = "intrinsic" in field && ["span:statusMessage", "span:parentID"].includes(field.intrinsic);
  return values.every(({ value }) => mayBeEmpty && value === "");
}

function intrinsicValues(trace: NaiveTrace, item: NaiveSpan, intrinsic: TraceqlIntrinsic): NaiveValue[] {
  const { span } = item;
  const { summary } = trace;
  const text = (value: string): NaiveValue => ({ type: "string", value });
  const int = (value: bigint): NaiveValue => ({ type: "int", value });
  const ns = (value: bigint): NaiveValue => ({ type: "duration", value });
  switch (intrinsic) {
    case "span:name":
      return [text(span.name)];
    case "span:kind":
      return [{ type: "kind", value: span.kind }];
    case "span:status":
      return [{ type: "status", value: span.status.code }];
    case "span:statusMessage":
      return [text(span.status.message)];
    case "span:duration":
      return lasts(span) ? [ns(span.endTimeUnixNano - span.startTimeUnixNano)] : [];
    case "span:id":
      return [text(span.spanId)];
    case "span:parentID":
      return [text(span.parentSpanId)];
    case "span:childCount":
      return [int(BigInt(trace.children(item).length))];
    case "trace:id":
      return [text(span.traceId)];
    case "trace:duration":
      return summary.durationUnknown === true ? [] : [ns(summary.end - summary.start)];
    case "trace:rootName":
      return summary.hasRoot ? [text(summary.rootName)] : [];
    case "trace:rootService":
      return summary.hasRoot ? [text(summary.rootService)] : [];
    case "event:name":
      return span.events.map(({ name }) => text(name));
    case "event:timeSinceStart":
      return span.events
        .filter(({ timeUnixNano }) => isTime(timeUnixNano) && isTime(span.startTimeUnixNano))
        .map(({ timeUnixNano }) => ns(timeUnixNano - span.startTimeUnixNano));
    case "link:traceID":
      return span.links.map(({ traceId }) => text(traceId));
    case "link:spanID":
      return span.links.map(({ spanId }) => text(spanId));
    case "instrumentation:name":
      return attributeValues(item, "instrumentation", "otel.scope.name");
    case "instrumentation:version":
      return attributeValues(item, "instrumentation", "otel.scope.version");
    case "nestedSetLeft":
      return [int(trace.nestedSet(item).left)];
    case "nestedSetRight":
      return [int(trace.nestedSet(item).right)];
    case "nestedSetParent":
      return [int(trace.nestedSet(item).parent)];
  }
}

function attributeValues({ span, resource, scope }: NaiveSpan, where: string, key: string): NaiveValue[] {
  const first = (attributes: Attributes) => attributes.filter((one) => one.key === key).slice(0, 1);
  switch (where) {
    case "span":
      return first(span.attributes).map(toValue);
    case "resource":
      return first(resource.attributes).map(toValue);
    case "any": {
      const own = first(span.attributes);
      return (own.length > 0 ? own : first(resource.attributes)).map(toValue);
    }
    case "event":
      return span.events.flatMap((event) => first(event.attributes)).map(toValue);
    case "link":
      return span.links.flatMap((link) => first(link.attributes)).map(toValue);
    default: {
      const own = { "otel.scope.name": scope.name, "otel.scope.version": scope.version }[key] ?? "";
      const named = own === "" ? [] : [{ key, value: { type: "string", value: own } as const }];
      return first([...scope.attributes, ...named]).map(toValue);
    }
  }
}

function toValue({ value }: { readonly value: AnyValue }): NaiveValue {
  switch (value.type) {
    case "string":
    case "bool":
    case "int":
      return value;
    case "double":
      return { type: "float", value: value.value };
    default:
      return { type: "other", value };
  }
}
