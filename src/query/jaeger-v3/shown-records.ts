import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { throwIfAborted } from "../../component/errors.ts";
import { findAttribute } from "../../model/any-value.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND, type Span, type SpanRecord } from "../../model/span.ts";
import { sharesSpanIds } from "../fragments.ts";
import { serversOwnIds } from "../jaeger/server-span-ids.ts";
import { shownAttributes, shownSpan } from "./shown-span.ts";

const SERVICE_NAME = "service.name";
/** Spans that are decoded at once: little enough to be done between other requests. */
const SPANS_A_STEP = 64;

/** Spans that share a resource and a scope, some of all that do. */
export interface SpanRun {
  /** Never empty. */
  readonly records: readonly SpanRecord[];
  /** Whether the spans before had the same resource and scope. */
  readonly goesOn: boolean;
}

/**
 * The spans of a trace in runs of one resource and scope, decoded as they are asked for. Unless `raw`, they are as
 * Jaeger shows them (shownSpan): every resource names its service, and a server has an id of its own
 * where it shares its client's.
 * @throws DecodeError where a body is damaged, PermanentError `cancelled`
 */
export function* spanRuns(
  fragments: readonly LogFragment[],
  raw: boolean,
  signal: AbortSignal,
): Generator<SpanRun, void, void> {
  const ownIds = !raw && sharesSpanIds(fragments) ? serversOwnIds(fragments) : undefined;
  for (const { block, rows } of fragments) {
    for (const group of byGroup(block.columns.groupIndex, rows)) {
      for (let at = 0; at < group.length; at += SPANS_A_STEP) {
        throwIfAborted(signal);
        const records = fragmentRecords({ block, rows: group.slice(at, at + SPANS_A_STEP) });
        yield { records: raw ? records : records.map((record) => shown(record, ownIds)), goesOn: at > 0 };
      }
    }
  }
}

function byGroup(groupIndex: Uint16Array | Uint32Array, rows: readonly number[]): Iterable<number[]> {
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const index = groupIndex[row] as number;
    const group = groups.get(index);
    if (group === undefined) groups.set(index, [row]);
    else group.push(row);
  }
  return groups.values();
}

function shown(record: SpanRecord, ownIds: ReadonlyMap<string, string> | undefined): SpanRecord {
  const { resource, scope, span, service } = record;
  const attributes = shownAttributes(resource.attributes);
  const named = findAttribute(attributes, SERVICE_NAME) !== undefined;
  return {
    ...record,
    resource: {
      ...resource,
      attributes: named
        ? attributes
        : [...attributes, { key: SERVICE_NAME, value: { type: "string", value: service } }],
    },
    scope: { ...scope, attributes: shownAttributes(scope.attributes) },
    span: withOwnIds(shownSpan(span), ownIds),
  };
}

function withOwnIds(span: Span, ownIds: ReadonlyMap<string, string> | undefined): Span {
  if (ownIds === undefined) return span;
  const own = span.kind === SPAN_KIND.server ? ownIds.get(span.spanId) : undefined;
  if (own !== undefined) return { ...span, spanId: own, parentSpanId: span.spanId };
  return { ...span, parentSpanId: ownIds.get(span.parentSpanId) ?? span.parentSpanId };
}
