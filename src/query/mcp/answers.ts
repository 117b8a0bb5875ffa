import { formatDuration } from "../../model/duration-text.ts";
import { STATUS_CODE } from "../../model/span.ts";
import { HOUR_MS } from "../../model/time.ts";
import { findingsOf } from "../text/findings.ts";
import { count } from "../text/readable.ts";
import { parseTraceqlSearch } from "../traceql-params.ts";
import type { UiRedResponse, UiSearchResponse, UiTraceSummary, UiVerdict } from "../ui/api-types.ts";
import { columnIdHex, decodeTraceColumns, rowDuration, rowStart, type TraceColumns } from "../ui/columns-format.ts";
import type { UiComparedTrace, UiComparison, UiPlaceInBoth } from "../ui/comparison/comparison-types.ts";
import { UNREAD_ERROR } from "../ui/error-text.ts";
import type { CollectorViews } from "./collector-views.ts";
import type { ToolAnswer } from "./untrusted.ts";

/** What a call is answered with. */
export interface CallContext {
  readonly views: CollectorViews;
  /** ms since the epoch */
  readonly nowMs: number;
  /** Of the UI's pages, with a slash at the end. */
  readonly base: string;
}

export interface SearchInput {
  readonly query?: string | undefined;
  readonly lookback?: string | undefined;
  readonly order: "newest" | "longest" | "errors" | "spans";
  readonly limit: number;
}

/** Spans that a summary of a trace lists. */
const LISTED_SPANS = 60;
const LISTED_SERVICES = 100;
const MAX_EVIDENCE = 5;
const LISTED_DIFFERENCES = 20;

export async function searchTraces(
  { query, lookback, order, limit }: SearchInput,
  { views, nowMs, base }: CallContext,
): Promise<ToolAnswer> {
  const params = new URLSearchParams({ limit: String(limit), order, count: "true" });
  if (query !== undefined) params.set("q", query);
  if (lookback !== undefined) params.set("lookback", lookback);
  const found = await views.json<UiSearchResponse, "ui.search">("ui.search", {
    query: parseTraceqlSearch(params, BigInt(nowMs) * 1_000_000n),
  });
  const all = found.total === undefined ? "" : `${found.total.exact ? "" : "at least "}${found.total.traces} `;
  return {
    notes: [
      `${found.traces.length} of ${all}matching traces, ${order} first.`,
      ...(found.complete ? [] : [`The search is not complete: ${found.reason ?? "a bound was reached"}.`]),
    ],
    data: { traces: found.traces.map((trace) => listed(trace, base)) },
    list: "traces",
  };
}

function listed(trace: UiTraceSummary, base: string): object {
  return {
    trace_id: trace.traceId,
    root: `${trace.rootService} ${trace.rootName}`,
    start: isoTime(trace.startTimeUnixNano),
    trace_duration: formatDuration(trace.durationUnknown === true ? undefined : Number(trace.durationNano)),
    spans: trace.spanCount,
    errors: trace.errorCount,
    ...(trace.firstError === undefined
      ? {}
      : { first_error: `${trace.firstError.service} ${trace.firstError.name}: ${trace.firstError.text}` }),
    ...(trace.firstErrorUnread === undefined ? {} : { first_error_unread: UNREAD_ERROR[trace.firstErrorUnread] }),
    link: `${base}trace/${trace.traceId}`,
  };
}

/** Size, services, and the spans in the order of the page, as many as fit. */
export async function traceSummary(traceId: string, { views, base }: CallContext): Promise<ToolAnswer> {
  const { body, incomplete } = await views.bytes("ui.columns", { traceId });
  const columns = decodeTraceColumns(body.buffer);
  const depth = depths(columns);
  const shown = Math.min(columns.count, LISTED_SPANS);
  const spans = Array.from({ length: shown }, (_, row) => ({
    id: columnIdHex(columns.spanIds, row * 8, 8),
    depth: depth[row],
    service: columns.services[columns.service[row] as number],
    name: columns.names[columns.name[row] as number],
    starts_at: formatDuration(rowStart(columns, row)),
    duration: formatDuration(rowDuration(columns, row)),
    ...(columns.status[row] === STATUS_CODE.error ? { error: true } : {}),
  }));
  const errors = columns.status.filter((code) => code === STATUS_CODE.error).length;
  return {
    notes: [
      `Trace ${traceId}: ${count(columns.count, "span")}, ${count(errors, "error")}. ${base}trace/${traceId}`,
      ...(shown < columns.count
        ? [`The first ${shown} spans of ${columns.count} are listed, parents before children.`]
        : []),
      ...incompleteNote(incomplete),
    ],
    data: { services: columns.services.slice(0, LISTED_SERVICES), spans },
    list: "spans",
  };
}

function depths({ count: rows, parent }: TraceColumns): Int32Array {
  const depth = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const up = parent[row] as number;
    if (up >= 0) depth[row] = (depth[up] as number) + 1;
  }
  return depth;
}

/** The verdict, with at most five spans as evidence. */
export async function explainTrace(traceId: string, { views, nowMs, base }: CallContext): Promise<ToolAnswer> {
  const verdict = await views.json<UiVerdict, "ui.verdict">("ui.verdict", { traceId, nowMs });
  const findings = findingsOf(verdict).slice(0, MAX_EVIDENCE);
  return {
    notes: [
      `Of trace ${traceId}, compared with the day before it. ${base}trace/${traceId}`,
      ...incompleteNote(verdict.incomplete),
    ],
    data: {
      ...(verdict.root === undefined
        ? {}
        : { root: verdict.root.text, root_duration: formatDuration(verdict.root.durationNano) }),
      ...traceDurationOf(verdict),
      findings: findings.map(({ text, spanId }) => ({
        text,
        ...(spanId === undefined ? {} : { span_id: spanId, link: `${base}trace/${traceId}?span=${spanId}` }),
      })),
    },
    list: "findings",
  };
}

/** How trace b differs from trace a, what says most first. */
export async function compareTwo(a: string, b: string, { views, base }: CallContext): Promise<ToolAnswer> {
  const { incomplete, ...comparison } = await views.json<UiComparison, "ui.compare">("ui.compare", { a, b });
  const { places, differences, moreDifferences, sentences } = comparison;
  const shown = differences.slice(0, LISTED_DIFFERENCES);
  const left = differences.length - shown.length + moreDifferences;
  return {
    notes: [
      `How trace ${b} (b) differs from trace ${a} (a). ${base}trace/${a}...${b}`,
      ...(left > 0 ? [`${count(left, "more difference")} are not listed.`] : []),
      ...incompleteNote(incomplete),
    ],
    data: {
      a: comparedTrace(comparison.a),
      b: comparedTrace(comparison.b),
      sentences,
      differences: shown.map(({ place, text }) => {
        const { service, name } = places[place] as UiPlaceInBoth;
        return { operation: `${service} ${name}`, text };
      }),
    },
    list: "differences",
  };
}

function traceDurationOf({ traceDurationNano: nano }: UiVerdict | UiComparedTrace): object {
  return nano === undefined ? {} : { trace_duration: formatDuration(nano) };
}

function comparedTrace(of: UiComparedTrace): object {
  const { traceId, root, spanCount, errorCount } = of;
  return {
    trace_id: traceId,
    ...(root === undefined
      ? {}
      : {
          root: `${root.service} ${root.name}`,
          root_duration: formatDuration(root.durationNano),
          failed: root.failed,
        }),
    ...traceDurationOf(of),
    spans: spanCount,
    errors: errorCount,
  };
}

/** Rate, errors and durations of the services that were seen in the last hours. */
export async function listServices(hours: number, { views, nowMs }: CallContext): Promise<ToolAnswer> {
  const range = { startMs: nowMs - hours * HOUR_MS, endMs: nowMs };
  const found = await views.json<UiRedResponse, "ui.red">("ui.red", { ...range, stepMs: hours * HOUR_MS, nowMs });
  const services = found.services.slice(0, LISTED_SERVICES).map((of) => ({
    service: of.service,
    calls: Math.round(of.calls),
    errors: Math.round(of.errors),
    error_ratio: Number(of.errorRatio.toPrecision(3)),
    p50: shownNano(of.p50Nano),
    p95: shownNano(of.p95Nano),
  }));
  return {
    notes: [
      `Services of the last ${count(hours, "hour")}: ${found.services.length}.`,
      ...(services.length < found.services.length ? [`The first ${services.length} are listed.`] : []),
      ...incompleteNote(found.incomplete),
    ],
    data: { services },
    list: "services",
  };
}

function shownNano(nano: number | null): string | null {
  return nano === null ? null : formatDuration(nano);
}

function incompleteNote(incomplete: string | undefined): string[] {
  return incomplete === undefined ? [] : [`The answer may lack something: ${incomplete}.`];
}

function isoTime(nano: string): string {
  return new Date(Number(BigInt(nano) / 1_000_000n)).toISOString();
}
