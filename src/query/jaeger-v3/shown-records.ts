import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { throwIfAborted } from "../../component/errors.ts";
import { findAttribute } from "../../model/any-value.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND, type Span, type SpanRecord } from "../../model/span.ts";
import { TIME_CLASS, timeClassOf } from "../../model/span-times.ts";
import { sharesSpanIds } from "../fragments.ts";
import { leftOutText, spansToCut } from "../jaeger/cut-references.ts";
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
 * How spans are given. `raw`: as they are stored. `adjusted`: every resource names its service, and a server has an id
 * of its own where it shares its client's. `rooted`: that, and of each circle that parents and links lead round in, one
 * span stands without those that lead into its own trace (spansToCut), and says so; a time that is none is 0, or the
 * span's start where it is its end. `shown`: that, and values as Jaeger's readers of JSON can show them (shownSpan).
 */
export type SpanForm = "raw" | "adjusted" | "rooted" | "shown";

/** The attribute in which Jaeger's own servers warn of what they changed in a span. */
const WARNINGS = "@jaeger@warnings";

/**
 * The spans of a trace in runs of one resource and scope, decoded as they are asked for.
 * @throws DecodeError where a body is damaged, PermanentError `cancelled`
 */
export function* spanRuns(
  fragments: readonly LogFragment[],
  form: SpanForm,
  signal: AbortSignal,
): Generator<SpanRun, void, void> {
  const ownIds = form !== "raw" && sharesSpanIds(fragments) ? serversOwnIds(fragments) : undefined;
  const cuts = form === "rooted" || form === "shown";
  const cut = cuts ? spansToCut(fragments, traceIdOf(fragments), ownIds !== undefined) : undefined;
  for (const { block, rows } of fragments) {
    const cutRows = cut?.get(block.columns);
    for (const group of byGroup(block.columns.groupIndex, rows)) {
      for (let at = 0; at < group.length; at += SPANS_A_STEP) {
        throwIfAborted(signal);
        const these = group.slice(at, at + SPANS_A_STEP);
        const records = fragmentRecords({ block, rows: these });
        const given = form === "raw" ? records : records.map((record) => adjusted(record, ownIds));
        const rooted = cuts ? given.map((record, i) => timed(record, cutRows?.has(these[i] as number))) : given;
        yield { records: form === "shown" ? rooted.map(shown) : rooted, goesOn: at > 0 };
      }
    }
  }
}

/** @param cut it stands without references into its own trace */
function timed(record: SpanRecord, cut = false): SpanRecord {
  const { span } = record;
  const start = isNoTime(span.startTimeUnixNano) ? 0n : span.startTimeUnixNano;
  const end = isNoTime(span.endTimeUnixNano) ? start : span.endTimeUnixNano;
  const events = span.events.some(({ timeUnixNano }) => isNoTime(timeUnixNano))
    ? span.events.map((event) => (isNoTime(event.timeUnixNano) ? { ...event, timeUnixNano: 0n } : event))
    : span.events;
  const made = { ...record, span: { ...span, startTimeUnixNano: start, endTimeUnixNano: end, events } };
  return cut ? withoutOwnTrace(made) : made;
}

function isNoTime(time: bigint): boolean {
  return timeClassOf(time) === TIME_CLASS.none;
}

/** Of the first span; "" of none. */
function traceIdOf(fragments: readonly LogFragment[]): string {
  for (const { block, rows } of fragments) {
    const { traceIds, traceIndex } = block.columns;
    const [row] = rows;
    if (row !== undefined) return bytesToHex(traceIds, (traceIndex[row] as number) * 16, 16);
  }
  return "";
}

function withoutOwnTrace(record: SpanRecord): SpanRecord {
  const { span } = record;
  const links = span.links.filter(({ traceId }) => traceId !== span.traceId);
  const left = [
    ...(span.parentSpanId === "" ? [] : [`CHILD_OF ${span.parentSpanId}`]),
    ...span.links.filter(({ traceId }) => traceId === span.traceId).map(({ spanId }) => `FOLLOWS_FROM ${spanId}`),
  ];
  const warning = { type: "string", value: leftOutText(left) } as const;
  return {
    ...record,
    span: {
      ...span,
      parentSpanId: "",
      links,
      droppedLinksCount: span.droppedLinksCount + span.links.length - links.length,
      attributes: [...span.attributes, { key: WARNINGS, value: { type: "array", value: [warning] } }],
    },
  };
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

function adjusted(record: SpanRecord, ownIds: ReadonlyMap<string, string> | undefined): SpanRecord {
  const { resource, span, service } = record;
  const { attributes } = resource;
  const named = findAttribute(attributes, SERVICE_NAME) !== undefined;
  const name = { key: SERVICE_NAME, value: { type: "string", value: service } } as const;
  return {
    ...record,
    ...(named ? {} : { resource: { ...resource, attributes: [...attributes, name] } }),
    span: withOwnIds(span, ownIds),
  };
}

function shown(record: SpanRecord): SpanRecord {
  const { resource, scope, span } = record;
  return {
    ...record,
    resource: { ...resource, attributes: shownAttributes(resource.attributes) },
    scope: { ...scope, attributes: shownAttributes(scope.attributes) },
    span: shownSpan(span),
  };
}

function withOwnIds(span: Span, ownIds: ReadonlyMap<string, string> | undefined): Span {
  if (ownIds === undefined) return span;
  const own = span.kind === SPAN_KIND.server ? ownIds.get(span.spanId) : undefined;
  if (own !== undefined) return { ...span, spanId: own, parentSpanId: span.spanId };
  return { ...span, parentSpanId: ownIds.get(span.parentSpanId) ?? span.parentSpanId };
}
