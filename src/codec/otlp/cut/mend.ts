import type { AnyValue, Attributes, KeyValue } from "../../../model/any-value.ts";
import type { Resource, ResourceSpans, Scope, Span, SpanEvent, SpanLink, TracesData } from "../../../model/span.ts";
import { truncateUtf8 } from "../../utf8.ts";
import { decodeSpan } from "../message/decode.ts";
import { encodeSpan } from "../message/encode.ts";
import type { ScanLimits, ScanResult } from "../scan/scan-result.ts";
import { rewriteBody } from "./cut.ts";

export interface MendResult {
  readonly data: TracesData;
  readonly rejected: {
    readonly count: number;
    /** Why spans were refused → how many, in words for the sender. */
    readonly reasons: ReadonlyMap<string, number>;
  };
}

/**
 * Makes decoded traces fit to be stored. Short ids are padded with zeros on the left; a parent id that is too long is
 * cleared; values beyond the limit are cut at a character; attributes beyond the limit are dropped and counted in
 * `droppedAttributesCount`. Spans whose trace or span id is empty, zero or too long are refused. Ill-formed UTF-8 was
 * replaced by the decoder. Groups that lose all their spans are left out.
 */
export function mendTraces(data: TracesData, limits: ScanLimits): MendResult {
  const reasons = new Map<string, number>();
  let count = 0;
  const traces: ResourceSpans[] = [];
  for (const entry of data) {
    const scopeSpans = entry.scopeSpans
      .map((scope) => ({
        ...scope,
        scope: mendAttributes<Scope>(scope.scope, limits),
        spans: scope.spans.flatMap((span) => {
          const reason = refusal(span);
          if (reason === undefined) return [mendSpan(span, limits)];
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
          count++;
          return [];
        }),
      }))
      .filter((scope) => scope.spans.length > 0);
    if (scopeSpans.length === 0) continue;
    traces.push({ ...entry, resource: mendAttributes<Resource>(entry.resource, limits), scopeSpans });
  }
  return { data: traces, rejected: { count, reasons } };
}

export interface MendedBody {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Rows of the scanned body that were not refused, ascending: row i of the new body was rows[i]. */
  readonly rows: readonly number[];
  readonly rejected: MendResult["rejected"];
}

/**
 * `mendTraces` for a body in which spans alone are in trouble: those are decoded, mended or refused, and encoded; every
 * other byte, unknown fields and kinds among them, stays as it came.
 */
export function mendBody(body: Uint8Array, scan: ScanResult, limits: ScanLimits): MendedBody {
  const { columns, troubles } = scan;
  const reasons = new Map<string, number>();
  const mended = new Map<number, Uint8Array>();
  const rows: number[] = [];
  for (let row = 0; row < columns.count; row++) {
    if (troubles[row] !== 0) {
      const span = decodeSpan(body, columns.spanStart[row] as number, columns.spanEnd[row] as number);
      const reason = refusal(span);
      if (reason !== undefined) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        continue;
      }
      mended.set(row, encodeSpan(mendSpan(span, limits)));
    }
    rows.push(row);
  }
  const count = columns.count - rows.length;
  return { body: rewriteBody(body, columns, rows, (row) => mended.get(row)), rows, rejected: { count, reasons } };
}

/** Why a span cannot be stored, or undefined. */
function refusal(span: Span): string | undefined {
  return idFault("trace", span.traceId, 32) ?? idFault("span", span.spanId, 16);
}

function idFault(what: string, hex: string, digits: number): string | undefined {
  if (hex === "") return `${what} id is empty or no hex`;
  if (hex.length > digits) return `${what} id is longer than ${digits / 2} bytes`;
  return /^0*$/.test(hex) ? `${what} id is all zero` : undefined;
}

function mendSpan(span: Span, limits: ScanLimits): Span {
  const fits = span.parentSpanId.length <= 16 && !/^0*$/.test(span.parentSpanId);
  return {
    ...mendAttributes<Span>(span, limits),
    traceId: span.traceId.padStart(32, "0"),
    spanId: span.spanId.padStart(16, "0"),
    parentSpanId: fits ? span.parentSpanId.padStart(16, "0") : "",
    events: span.events.map((event) => mendAttributes<SpanEvent>(event, limits)),
    links: span.links.map((link) => mendAttributes<SpanLink>(link, limits)),
  };
}

interface WithAttributes {
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
}

function mendAttributes<T extends WithAttributes>(owner: T, limits: ScanLimits): T {
  const { attributes } = owner;
  const beyond = attributes.length - limits.maxAttributes;
  const kept = beyond > 0 ? attributes.slice(0, limits.maxAttributes) : attributes;
  const mended = mendList(kept, limits.maxValueBytes);
  if (mended === attributes) return owner;
  const dropped = Math.min(owner.droppedAttributesCount + Math.max(beyond, 0), 0xffff_ffff);
  return { ...owner, attributes: mended, droppedAttributesCount: dropped };
}

/** The same list when nothing in it is too long. */
function mendList(list: Attributes, max: number): Attributes {
  let changed = false;
  const mended = list.map((attribute): KeyValue => {
    const value = mendValue(attribute.value, max);
    if (value === attribute.value) return attribute;
    changed = true;
    return { key: attribute.key, value };
  });
  return changed ? mended : list;
}

function mendValue(value: AnyValue, max: number): AnyValue {
  switch (value.type) {
    case "string": {
      const text = truncateUtf8(value.value, max);
      return text === value.value ? value : { type: "string", value: text };
    }
    case "bytes":
      return value.value.length > max ? { type: "bytes", value: value.value.slice(0, max) } : value;
    case "array": {
      const items = value.value.map((item) => mendValue(item, max));
      return items.some((item, i) => item !== value.value[i]) ? { type: "array", value: items } : value;
    }
    case "kvlist": {
      const items = mendList(value.value, max);
      return items === value.value ? value : { type: "kvlist", value: items };
    }
    default:
      return value;
  }
}
