import { type AnyValue, findAttribute } from "../../model/any-value.ts";
import { attributeHash } from "../../model/attribute-hash.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { Scope, Span } from "../../model/span.ts";
import { SPAN_MARK } from "../../model/span.ts";
import { durationNano, hasDuration, isRoot, nameOf, type SpanColumns, serviceOf } from "../../model/span-columns.ts";
import type { TraceqlField, TraceqlIntrinsic } from "../../model/traceql.ts";
import { sinceStart } from "./element-field.ts";
import { isNumber, kindValue, type SpanValue, spanValue, statusValue } from "./span-value.ts";
import type { TraceSpans } from "./trace-spans.ts";

/** Where the spans are that a field is read of: those of one trace, or of one block. */
export type FieldSource = Pick<TraceSpans, "columns" | "row" | "view" | "traceId" | "tree" | "times" | "root">;

/** A field of a span, by the span's number. Any of its functions may throw BlockGone. */
export interface FieldReader {
  /** 0: columns; 1: resource and scope; 2: the span's bytes. */
  readonly cost: 0 | 1 | 2;
  /** True where a span can have several values: of events and links. */
  readonly several: boolean;
  /** The first of several. */
  value(spans: FieldSource, span: number): SpanValue;
  /** None where the span has none. */
  values(spans: FieldSource, span: number): readonly SpanValue[];
  /** What `!= nil` asks. */
  exists(spans: FieldSource, span: number): boolean;
  /** The hashes of which a block has one if some span in it equals the value; undefined where blooms know nothing. */
  hashesOf(value: SpanValue): readonly number[] | undefined;
}

const SERVICE_NAME = "service.name";

/** Whether a field is of other spans than the one asked about. */
export function needsTrace(field: TraceqlField): boolean {
  if (field.parent === true) return true;
  if (!("intrinsic" in field)) return false;
  return field.intrinsic.startsWith("trace:") || /^nestedSet|childCount$/.test(field.intrinsic);
}

/** Whether the spans of one resource and scope have the field in common. */
export function isOfGroup(field: TraceqlField): boolean {
  if (field.parent === true) return false;
  if ("intrinsic" in field) return field.intrinsic.startsWith("instrumentation:");
  return field.scope === "resource" || field.scope === "instrumentation";
}

/** The meaning of fields is that of Tempo's documentation of TraceQL, and of CompiledFilter. */
export function fieldReader(field: TraceqlField): FieldReader {
  if (field.parent !== undefined) {
    const { parent: _, ...own } = field;
    return ofParent(fieldReader(own as TraceqlField));
  }
  return "intrinsic" in field ? intrinsic(field.intrinsic) : attribute(field.scope, field.key);
}

/** Of all spans that have the parent's id: mostly one. */
function ofParent(own: FieldReader): FieldReader {
  const { cost } = own;
  return {
    cost,
    several: true,
    value: (spans, span) => {
      for (const parent of spans.tree.parentsOf(span)) {
        const value = own.value(spans, parent);
        if (value !== undefined) return value;
      }
      return undefined;
    },
    values: (spans, span) => spans.tree.parentsOf(span).flatMap((parent) => own.values(spans, parent)),
    exists: (spans, span) => spans.tree.parentsOf(span).some((parent) => own.exists(spans, parent)),
    // The parent may be in another block.
    hashesOf: () => undefined,
  };
}

function single(
  cost: 0 | 1 | 2,
  value: FieldReader["value"],
  more: Partial<Pick<FieldReader, "exists" | "hashesOf">> = {},
): FieldReader {
  return {
    cost,
    several: false,
    value,
    values: (spans, span) => {
      const own = value(spans, span);
      return own === undefined ? [] : [own];
    },
    exists: (spans, span) => value(spans, span) !== undefined,
    hashesOf: () => undefined,
    ...more,
  };
}

function several(values: FieldReader["values"], hashesOf: FieldReader["hashesOf"] = () => undefined): FieldReader {
  return {
    cost: 2,
    several: true,
    values,
    value: (spans, span) => values(spans, span)[0],
    exists: (spans, span) => values(spans, span).length > 0,
    hashesOf,
  };
}

function intrinsic(name: TraceqlIntrinsic): FieldReader {
  switch (name) {
    case "span:name":
      return column(nameOf);
    case "span:kind":
      return column(({ kind }, row) => kindValue(kind[row] as number));
    case "span:status":
      return column(({ status }, row) => statusValue(status[row] as number));
    case "span:duration":
      return column((columns, row) => (hasDuration(columns, row) ? durationNano(columns, row) : undefined));
    case "span:id":
      return column(({ spanIds }, row) => bytesToHex(spanIds, row * 8, 8));
    case "span:parentID":
      return single(0, parentId, { exists: (spans, span) => parentId(spans, span) !== "" });
    case "span:statusMessage":
      return single(2, (spans, span) => decoded(spans, span).status.message, {
        exists: (spans, span) => decoded(spans, span).status.message !== "",
      });
    case "span:childCount":
      return single(0, (spans, span) => BigInt(spans.tree.childCount(span)));
    case "nestedSetLeft":
      return single(0, (spans, span) => BigInt(spans.tree.nested.left[span] as number));
    case "nestedSetRight":
      return single(0, (spans, span) => BigInt(spans.tree.nested.right[span] as number));
    case "nestedSetParent":
      return single(0, (spans, span) => BigInt(spans.tree.nested.parent[span] as number));
    case "instrumentation:name":
      return attribute("instrumentation", "otel.scope.name");
    case "instrumentation:version":
      return attribute("instrumentation", "otel.scope.version");
    default:
      return name.startsWith("trace:") ? ofTrace(name) : ofEventOrLink(name);
  }
}

function ofTrace(name: TraceqlIntrinsic): FieldReader {
  switch (name) {
    case "trace:id":
      return single(0, (spans) => spans.traceId);
    case "trace:rootName":
      return single(0, (spans) => ofRoot(spans, nameOf));
    case "trace:rootService":
      return single(0, (spans) => ofRoot(spans, serviceOf));
    default:
      return single(0, ({ times }) => (times.ended ? Number(times.end - times.start) : undefined));
  }
}

function ofEventOrLink(name: TraceqlIntrinsic): FieldReader {
  switch (name) {
    case "event:name":
      return several((spans, span) => decoded(spans, span).events.map((event) => event.name));
    case "event:timeSinceStart":
      return several((spans, span) => {
        const own = decoded(spans, span);
        return own.events.flatMap((event) => {
          const nanos = sinceStart(event, own);
          return nanos === undefined ? [] : [Number(nanos)];
        });
      });
    case "link:traceID":
      return several((spans, span) => decoded(spans, span).links.map((link) => link.traceId));
    default:
      return several((spans, span) => decoded(spans, span).links.map((link) => link.spanId));
  }
}

function column(value: (columns: SpanColumns, row: number) => SpanValue): FieldReader {
  return single(0, (spans, span) => value(spans.columns(span), spans.row(span)));
}

function attribute(scope: Extract<TraceqlField, { scope: string }>["scope"], key: string): FieldReader {
  const bytes = Buffer.from(key, "utf8");
  const hashesOf = (value: SpanValue) => hashesFor(key, value);
  const ofSpan = (spans: FieldSource, span: number) => {
    let found: AnyValue | undefined;
    spans.view(span).attributeHolds(spans.row(span), "span", bytes, (value) => {
      found = value;
      return true;
    });
    return spanValue(found);
  };
  switch (scope) {
    case "span":
      return single(2, ofSpan, { hashesOf });
    case "resource":
      return single(key === SERVICE_NAME ? 0 : 1, (spans, span) => ofResource(spans, span, key), { hashesOf });
    case "any":
      return single(2, (spans, span) => ofSpan(spans, span) ?? ofResource(spans, span, key), { hashesOf });
    case "instrumentation":
      return single(1, (spans, span) => ofScope(scopeOf(spans, span), key), {
        hashesOf: (value) =>
          key === "otel.scope.name" || key === "otel.scope.version" ? undefined : hashesFor(key, value),
      });
    default:
      // Blooms do not know the attributes of links.
      return several((spans, span) => listed(spans, span, scope, bytes), scope === "event" ? hashesOf : undefined);
  }
}

function ofResource(spans: FieldSource, span: number, key: string): SpanValue {
  const columns = spans.columns(span);
  const row = spans.row(span);
  // The column also says `unknown_service` where there is no name.
  if (key === SERVICE_NAME && ((columns.marks[row] as number) & SPAN_MARK.serviceDefaulted) === 0) {
    return serviceOf(columns, row);
  }
  return spanValue(findAttribute(spans.view(span).group(row).resource.attributes, key));
}

function ofScope(scope: Scope, key: string): SpanValue {
  const value = findAttribute(scope.attributes, key);
  if (value !== undefined) return spanValue(value);
  const own = key === "otel.scope.name" ? scope.name : key === "otel.scope.version" ? scope.version : "";
  return own || undefined;
}

/** The first value under the key of each event or link. */
function listed(spans: FieldSource, span: number, scope: "event" | "link", key: Uint8Array): SpanValue[] {
  const found: SpanValue[] = [];
  spans.view(span).attributeHolds(spans.row(span), scope, key, (value) => {
    found.push(spanValue(value));
    return false;
  });
  return found;
}

function decoded(spans: FieldSource, span: number): Span {
  return spans.view(span).span(spans.row(span));
}

function scopeOf(spans: FieldSource, span: number): Scope {
  return spans.view(span).group(spans.row(span)).scope;
}

function ofRoot(spans: FieldSource, value: (columns: SpanColumns, row: number) => string): string | undefined {
  const { root } = spans;
  return root < 0 ? undefined : value(spans.columns(root), spans.row(root));
}

/** Empty for a root. */
function parentId(spans: FieldSource, span: number): string {
  const columns = spans.columns(span);
  const row = spans.row(span);
  return isRoot(columns, row) ? "" : bytesToHex(columns.parentIds, row * 8, 8);
}

/** Equal numbers can be stored as integers and as doubles, with different texts beyond 2^53. */
function hashesFor(key: string, value: SpanValue): readonly number[] | undefined {
  if (typeof value === "string" || typeof value === "boolean") return [attributeHash(key, String(value))];
  if (!isNumber(value)) return undefined;
  const texts = new Set([String(value), String(Number(value))]);
  if (typeof value === "bigint" || Number.isInteger(value)) texts.add(BigInt(value).toString());
  return [...texts].map((text) => attributeHash(key, text));
}
