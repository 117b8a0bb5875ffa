import { encodeSpan } from "../../../src/codec/otlp/message/encode.ts";
import { type AnyValue, type Attributes, anyValueText } from "../../../src/model/any-value.ts";
import type { Span, SpanRecord, TracesData } from "../../../src/model/span.ts";
import type {
  Comparison,
  Literal,
  SpanField,
  SpanFilter,
  TraceQuery,
  TraceSummary,
} from "../../../src/model/trace-query.ts";

/**
 * Search as its definition says, over decoded objects: every trace of everything, filtered, summarised, sorted, cut.
 * Written apart from the product's search, so that the two can be compared.
 */
export type NaiveSpan = Pick<SpanRecord, "span" | "resource" | "scope" | "service"> &
  Partial<Pick<SpanRecord, "resourceSchemaUrl" | "scopeSchemaUrl">> & { readonly allEvents?: Span["events"] };

export function flatten(batches: readonly TracesData[]): NaiveSpan[] {
  return batches.flatMap((traces) =>
    traces.flatMap(({ resource, schemaUrl: resourceSchemaUrl, scopeSpans }) =>
      scopeSpans.flatMap(({ scope, schemaUrl: scopeSchemaUrl, spans }) =>
        spans.map((span) => {
          const name = resource.attributes.find((a) => a.key === "service.name")?.value;
          const service = name?.type === "string" && name.value !== "" ? name.value : "unknown_service";
          return { span, resource, scope, service, resourceSchemaUrl, scopeSchemaUrl };
        }),
      ),
    ),
  );
}

/** Traces by id, every span once: an open one gives way to what comes later or is complete, equal ones to the first. */
export function group(spans: readonly NaiveSpan[]): Map<string, NaiveSpan[]> {
  const traces = new Map<string, NaiveSpan[]>();
  for (const item of spans) {
    const { traceId, spanId, kind, endTimeUnixNano } = item.span;
    const trace = traces.get(traceId) ?? [];
    const same = trace.filter((other) => other.span.spanId === spanId && other.span.kind === kind);
    const complete = same.filter(({ span }) => span.endTimeUnixNano !== 0n);
    const hidden =
      endTimeUnixNano === 0n ? complete.length > 0 : complete.some((other) => saysTheSame(other.span, item.span));
    if (hidden) continue;
    const left = trace.filter((other) => !same.includes(other) || complete.includes(other));
    traces.set(traceId, [...left, item]);
  }
  return traces;
}

function saysTheSame(a: Span, b: Span): boolean {
  const ordered = (list: Attributes) => list.toSorted((x, y) => compare(x.key, y.key));
  const [x, y] = [a, b].map((span) =>
    encodeSpan({
      ...span,
      attributes: ordered(span.attributes),
      events: span.events.map((event) => ({ ...event, attributes: ordered(event.attributes) })),
      links: span.links.map((link) => ({ ...link, attributes: ordered(link.attributes) })),
    }),
  );
  return Buffer.compare(x as Uint8Array, y as Uint8Array) === 0;
}

/** Every match, in result order, whatever the limit. */
export function naiveFind(spans: readonly NaiveSpan[], query: TraceQuery): TraceSummary[] {
  const found: TraceSummary[] = [];
  for (const [traceId, trace] of group(spans)) {
    const matched = trace.filter(
      (item) =>
        item.span.startTimeUnixNano >= (query.startMin ?? 0n) &&
        (item.span.startTimeUnixNano <= (query.startMax ?? LAST) ||
          (query.startMin === undefined && query.startMax === undefined)) &&
        satisfies(item, query.filter),
    );
    if (matched.length === 0) continue;
    const summary = summarise(traceId, trace, matched);
    const duration = summary.end - summary.start;
    const asks = query.traceDurationMin !== undefined || query.traceDurationMax !== undefined;
    if (asks && summary.durationUnknown === true) continue;
    if (query.traceDurationMin !== undefined && duration < query.traceDurationMin) continue;
    if (query.traceDurationMax !== undefined && duration > query.traceDurationMax) continue;
    found.push(summary);
  }
  found.sort(inOrder(query.order));
  const { after } = query;
  if (after === undefined) return found;
  const from = found.findIndex(({ traceId }) => traceId === after.traceId);
  return found.slice(from + 1);
}

/** For `sort`. */
export function inOrder(order: TraceQuery["order"]): (a: TraceSummary, b: TraceSummary) => number {
  const weight = (trace: TraceSummary) => weightIn(order, trace);
  return (a, b) => compare(weight(b), weight(a)) || compare(b.start, a.start) || compare(a.traceId, b.traceId);
}

function weightIn(order: TraceQuery["order"], summary: TraceSummary): bigint {
  const { start, end, errorCount, spanCount, durationUnknown } = summary;
  // Behind all others.
  if (durationUnknown === true && (order === "longest" || order === "shortest")) return -(2n ** 64n);
  const weights = { newest: 0n, longest: end - start, shortest: start - end, errors: errorCount, spans: spanCount };
  return BigInt(weights[order ?? "newest"]);
}

/** 2200-01-01. */
const LAST = 7_258_118_400_000_000_000n;

/** 2 from 2000 to 2200, 1 before, 0 for what is no time. */
function believed(time: bigint): number {
  if (time === 0n || time > LAST) return 0;
  return time < 946_684_800_000_000_000n ? 1 : 2;
}

/** Whether start and end are times, and of clocks that are believed as much as each other. */
export function lasts({ startTimeUnixNano: start, endTimeUnixNano: end }: NaiveSpan["span"]): boolean {
  return believed(start) > 0 && believed(start) === believed(end);
}

/** Those that are believed most, ascending. */
function best(times: readonly bigint[]): { readonly belief: number; readonly times: readonly bigint[] } {
  const belief = Math.max(...times.map(believed));
  return { belief, times: belief === 0 ? [] : times.filter((time) => believed(time) === belief).sort(compare) };
}

function compare<T extends bigint | string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function summarise(traceId: string, trace: readonly NaiveSpan[], matched: readonly NaiveSpan[]): TraceSummary {
  const byStart = (list: readonly NaiveSpan[]) =>
    [...list].sort(
      (a, b) =>
        compare(believed(b.span.startTimeUnixNano), believed(a.span.startTimeUnixNano)) ||
        compare(a.span.startTimeUnixNano, b.span.startTimeUnixNano) ||
        compare(a.span.spanId, b.span.spanId) ||
        compare(a.span.kind, b.span.kind),
    );
  // A server is below the client that has its id.
  const tops = trace.filter(
    ({ span }) => span.kind !== 2 || !trace.some((one) => one.span.kind === 3 && one.span.spanId === span.spanId),
  );
  const roots = byStart(tops.filter(({ span }) => span.parentSpanId === ""));
  const orphans = byStart(
    tops.filter(({ span }) => span.parentSpanId !== "" && !trace.some((one) => one.span.spanId === span.parentSpanId)),
  );
  const shown = (roots[0] ?? orphans[0] ?? byStart(trace)[0]) as NaiveSpan;
  const starts = best(trace.map(({ span }) => span.startTimeUnixNano));
  const long = trace.filter(({ span }) => lasts(span) && believed(span.startTimeUnixNano) === starts.belief);
  const short = trace.filter(({ span }) => !lasts(span) && believed(span.startTimeUnixNano) === starts.belief);
  // What has no end lasts at least until it began.
  const ends = [
    ...long.map(({ span }) => span.endTimeUnixNano),
    ...(starts.belief === 0 ? [] : short.map(({ span }) => span.startTimeUnixNano)),
  ].sort(compare);
  const names = [...new Set(trace.map(({ service }) => service))].sort();
  return {
    traceId,
    rootService: shown.service,
    rootName: shown.span.name,
    hasRoot: roots.length > 0,
    start: starts.times[0] ?? 0n,
    end: ends.at(-1) ?? 0n,
    ...(long.length === 0 ? { durationUnknown: true } : {}),
    spanCount: trace.length,
    errorCount: trace.filter(({ span }) => span.status.code === 2).length,
    orphanCount: orphans.length,
    services: names.map((name) => {
      const own = trace.filter(({ service }) => service === name);
      return { name, spanCount: own.length, errorCount: own.filter(({ span }) => span.status.code === 2).length };
    }),
    matchedSpans: [...matched]
      .sort(
        (a, b) => compare(a.span.startTimeUnixNano, b.span.startTimeUnixNano) || compare(a.span.spanId, b.span.spanId),
      )
      .slice(0, 3)
      .map(({ span }) => span.spanId),
    matchedCount: matched.length,
  };
}

export function satisfies(item: NaiveSpan, filter: SpanFilter): boolean {
  switch (filter.op) {
    case "all":
      return true;
    case "and":
      return filter.of.every((part) => satisfies(item, part));
    case "or":
      return filter.of.some((part) => satisfies(item, part));
    case "not":
      return !satisfies(item, filter.of);
    case "exists":
      if ("intrinsic" in filter.field && filter.field.intrinsic === "statusMessage") {
        return item.span.status.message !== "";
      }
      return values(item, filter.field).length > 0;
    case "compare":
      return values(item, filter.field).some((value) => holds(value, filter.is, filter.value));
    case "pair": {
      const [left, right] = [filter.left, filter.right].map((fields) => fields.flatMap((one) => values(item, one)));
      return (left as AnyValue[]).some((a) => (right as AnyValue[]).some((b) => pairHolds(a, filter.is, b)));
    }
    case "words":
      return values(item, filter.field).some((value) => hasWords(value, filter.words, filter.adjacent));
    case "some": {
      // A span with the one element and no other of its level; `any` goes on to look at all events.
      const elements = filter.level === "event" ? item.span.events : item.span.links;
      const key = filter.level === "event" ? "events" : "links";
      const { allEvents = item.span.events } = item;
      return elements.some((element) =>
        satisfies({ ...item, allEvents, span: { ...item.span, [key]: [element] } }, filter.where),
      );
    }
  }
}

function pairHolds(a: AnyValue, is: Comparison, b: AnyValue): boolean {
  const kinds = [a, b].map(({ type }) => (type === "int" || type === "double" ? "number" : type));
  if (kinds[0] !== kinds[1] || !["number", "string", "bool"].includes(kinds[0] as string)) return false;
  if (kinds[0] === "bool" && is !== "=" && is !== "!=") return false;
  return order((a as { value: unknown }).value, (b as { value: unknown }).value, is);
}

function hasWords(value: AnyValue, words: readonly string[], adjacent: boolean): boolean {
  if (value.type === "bytes" || value.type === "empty") return false;
  const there: readonly string[] =
    anyValueText(value)
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const wanted = words.map((word) => word.toLowerCase());
  if (wanted.length === 0) return false;
  if (!adjacent) return wanted.every((word) => there.includes(word));
  return there.some((_, at) => wanted.every((word, i) => there[at + i] === word));
}

/** Values of a field, intrinsics as values too; kind and status as their names. */
function values(
  { span, resource, scope, service, resourceSchemaUrl = "", scopeSchemaUrl = "", allEvents = span.events }: NaiveSpan,
  field: SpanField,
): AnyValue[] {
  const text = (value: string): AnyValue[] => [{ type: "string", value }];
  if ("intrinsic" in field) {
    switch (field.intrinsic) {
      case "service":
        return text(service);
      case "name":
        return text(span.name);
      case "statusMessage":
        return text(span.status.message);
      case "kind":
        return text(["unspecified", "internal", "server", "client", "producer", "consumer"][span.kind] as string);
      case "status":
        return text(["unset", "ok", "error"][span.status.code] as string);
      case "duration":
        return lasts(span) ? [{ type: "int", value: span.endTimeUnixNano - span.startTimeUnixNano }] : [];
      case "linkTraceId":
        return span.links.flatMap((link) => text(link.traceId));
      case "eventName":
        return span.events.flatMap((event) => text(event.name));
      case "traceId":
        return text(span.traceId);
      case "spanId":
        return text(span.spanId);
      case "parentSpanId":
        return span.parentSpanId === "" ? [] : text(span.parentSpanId);
      case "startTime":
        return timeOf(span.startTimeUnixNano);
      case "endTime":
        return timeOf(span.endTimeUnixNano);
      case "eventTime":
        return span.events.flatMap((event) => timeOf(event.timeUnixNano));
      case "eventTimeSinceStart":
        return span.events
          .filter((event) => timeOf(event.timeUnixNano).length > 0 && timeOf(span.startTimeUnixNano).length > 0)
          .map((event) => ({ type: "int", value: event.timeUnixNano - span.startTimeUnixNano }));
      case "linkSpanId":
        return span.links.flatMap((link) => text(link.spanId));
      case "linkTraceState":
        return span.links.flatMap((link) => (link.traceState === "" ? [] : text(link.traceState)));
      case "traceState":
        return span.traceState === "" ? [] : text(span.traceState);
      case "resourceSchemaUrl":
        return resourceSchemaUrl === "" ? [] : text(resourceSchemaUrl);
      case "scopeSchemaUrl":
        return scopeSchemaUrl === "" ? [] : text(scopeSchemaUrl);
      case "root":
        return [{ type: "bool", value: span.parentSpanId === "" }];
    }
  }
  const lists = [];
  if (field.scope === "span" || field.scope === "any") lists.push(span.attributes);
  if (field.scope === "resource" || field.scope === "any") lists.push(resource.attributes);
  if (field.scope === "instrumentation" || field.scope === "any") {
    const own = [
      { key: "otel.scope.name", value: { type: "string", value: scope.name } as const },
      { key: "otel.scope.version", value: { type: "string", value: scope.version } as const },
    ];
    lists.push([...scope.attributes, ...own.filter(({ value }) => value.value !== "")]);
  }
  const events = field.scope === "any" ? allEvents : span.events;
  if (field.scope === "event" || field.scope === "any") lists.push(...events.map((event) => event.attributes));
  if (field.scope === "link") lists.push(...span.links.map((link) => link.attributes));
  return lists.flatMap((list) => list.find((attribute) => attribute.key === field.key)?.value ?? []);
}

function timeOf(time: bigint): AnyValue[] {
  return isTime(time) ? [{ type: "int", value: time }] : [];
}

/** After 1970 and before 2200. */
export function isTime(time: bigint): boolean {
  return time > 0n && time <= LAST;
}

function holds(value: AnyValue, is: Comparison, literal: Literal): boolean {
  switch (literal.type) {
    case "text":
      return order(anyValueText(value), literal.value, is);
    case "string":
      return value.type === "string" && order(value.value, literal.value, is);
    case "int":
    case "double":
      return (value.type === "int" || value.type === "double") && order(value.value, literal.value, is);
    case "bool":
      return value.type === "bool" && (is === "=" || is === "!=") && order(value.value, literal.value, is);
    case "kind":
    case "status": {
      const names: readonly string[] =
        literal.type === "kind"
          ? ["unspecified", "internal", "server", "client", "producer", "consumer"]
          : ["unset", "ok", "error"];
      return (is === "=" || is === "!=") && value.type === "string" && order(value.value, names[literal.value], is);
    }
  }
}

function order(a: unknown, b: unknown, is: Comparison): boolean {
  const x = a as bigint;
  const y = b as bigint;
  switch (is) {
    case "=":
      // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number are equal by value
      return x == y;
    case "!=":
      // biome-ignore lint/suspicious/noDoubleEquals: as above
      return x != y;
    case ">":
      return x > y;
    case ">=":
      return x >= y;
    case "<":
      return x < y;
    case "<=":
      return x <= y;
    case "=~":
      return typeof a === "string" && new RegExp(`^(?:${b})$`, "u").test(a);
    case "!~":
      return typeof a === "string" && !new RegExp(`^(?:${b})$`, "u").test(a);
  }
}
