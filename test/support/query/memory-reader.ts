import { fragmentRecords } from "../../../src/codec/otlp/message/fragment-records.ts";
import { PermanentError } from "../../../src/component/errors.ts";
import type { StoreStats, TraceReader, ViewHost, ViewResult, ViewTable } from "../../../src/component/read.ts";
import type {
  FacetQuery,
  FacetScope,
  Facets,
  SelectionCounts,
  SelectionQuery,
} from "../../../src/model/attribute-query.ts";
import { bytesToHex } from "../../../src/model/ids.ts";
import type { LogBlock, LogFragment } from "../../../src/model/log.ts";
import type { HeatMap, HeatQuery } from "../../../src/model/metrics-query.ts";
import type { RedMetrics, RedQuery } from "../../../src/model/red-metrics.ts";
import type { SpanRecord } from "../../../src/model/span.ts";
import { startNano } from "../../../src/model/span-columns.ts";
import type {
  DependencyLink,
  DependencyQuery,
  FieldValue,
  Operation,
  SearchResult,
  TraceQuery,
  TraceSummary,
} from "../../../src/model/trace-query.ts";
import { RedAggregator } from "../../../src/storage/aggregates/red-aggregator.ts";
import { readRed } from "../../../src/storage/aggregates/red-table.ts";
import { FacetTally } from "../../../src/storage/attributes/facet-tally.ts";
import { HeatCells } from "../../../src/storage/search/heat-cells.ts";
import { satisfies } from "../search/naive-search.ts";
import { testDriver } from "../storage/driver.ts";

/** A TraceReader over batches in memory that looks at every span for every question: slow, and easy to see through. */
export class MemoryReader implements TraceReader {
  readonly #batches: readonly LogBlock[];
  readonly queries: TraceQuery[] = [];
  links: readonly DependencyLink[] = [];
  askedRange: readonly [number, number] | undefined;
  complete = true;
  #decoded: SpanRecord[] = [];
  #decodedBatches = 0;
  /** Rates of so many batches. */
  #red: { readonly batches: number; readonly db: ReturnType<typeof testDriver.open> } | undefined;

  constructor(batches: readonly LogBlock[]) {
    this.#batches = batches;
  }

  async trace(traceId: Uint8Array): Promise<readonly LogFragment[]> {
    const wanted = bytesToHex(traceId);
    return this.#batches
      .map((block) => ({
        block,
        rows: Array.from({ length: block.columns.count }, (_, row) => row).filter(
          (row) => bytesToHex(block.columns.traceIds, (block.columns.traceIndex[row] as number) * 16, 16) === wanted,
        ),
      }))
      .filter(({ rows }) => rows.length > 0);
  }

  async *traces(traceIds: readonly Uint8Array[]): AsyncGenerator<readonly LogFragment[]> {
    for (const traceId of traceIds) yield this.trace(traceId);
  }

  async find(query: TraceQuery): Promise<SearchResult> {
    this.queries.push(query);
    if (query.spansets !== undefined) throw new PermanentError("bad_request", "this reader knows no spansets");
    const byTrace = groupBy(this.#records(), ({ span }) => span.traceId);
    const found: TraceSummary[] = [];
    for (const [traceId, records] of byTrace) {
      const matched = records.filter(
        (record) =>
          satisfies(record, query.filter) &&
          record.span.startTimeUnixNano >= (query.startMin ?? 0n) &&
          record.span.startTimeUnixNano <= (query.startMax ?? 1n << 64n),
      );
      if (matched.length === 0) continue;
      const trace = summary(traceId, records, matched);
      const duration = trace.end - trace.start;
      if (duration < (query.traceDurationMin ?? duration) || duration > (query.traceDurationMax ?? duration)) continue;
      found.push(trace);
    }
    const weight = (trace: TraceSummary) => weightIn(query.order, trace);
    found.sort(
      (a, b) => byValue(weight(b), weight(a)) || byValue(b.start, a.start) || (a.traceId < b.traceId ? -1 : 1),
    );
    const after = query.after;
    const from = after === undefined ? 0 : found.findIndex(({ traceId }) => traceId === after.traceId) + 1;
    const traces = found.slice(from, from + query.limit);
    const last = traces.at(-1);
    return {
      traces,
      complete: this.complete,
      ...(this.complete ? {} : { reason: "the search ran out of time", searchedBackTo: 5n }),
      ...(last !== undefined && from + query.limit < found.length
        ? {
            next: {
              start: last.start,
              traceId: last.traceId,
              ...(query.order === undefined ? {} : { weight: weight(last) }),
            },
          }
        : {}),
      ...(query.count === true ? { total: { traces: found.length, exact: this.complete } } : {}),
    };
  }

  async heat(asked: HeatQuery): Promise<HeatMap> {
    const cells = new HeatCells();
    const { traces } = await this.find({ ...asked.query, limit: Number.POSITIVE_INFINITY });
    this.queries.pop();
    for (const { start, end, errorCount } of traces) cells.add(start, end, errorCount > 0);
    return { ...cells.map(asked), complete: this.complete };
  }

  async facets({ query, only, keys, values }: FacetQuery): Promise<Facets> {
    const tally = new FacetTally(only !== undefined);
    const byTrace = groupBy(this.#records(), ({ span }) => span.traceId);
    const { traces } = await this.find({ ...query, limit: Number.POSITIVE_INFINITY });
    this.queries.pop();
    for (const { traceId } of traces) {
      tally.nextTrace();
      const matched = (byTrace.get(traceId) as SpanRecord[]).filter((record) => satisfies(record, query.filter));
      for (const { span, resource } of matched) {
        const said: [FacetScope, string, FieldValue][] = [
          ["intrinsic", "name", { type: "string", value: span.name }],
          ...span.attributes.map(({ key, value }) => ["span", key, value] as [FacetScope, string, FieldValue]),
          ...resource.attributes.map(({ key, value }) => ["resource", key, value] as [FacetScope, string, FieldValue]),
        ];
        for (const [scope, key, value] of said) {
          if (only !== undefined && (only.scope !== scope || only.key !== key)) continue;
          const one = tally.keyTally(scope, key);
          if (one !== undefined) tally.add(one, ["string", "int", "bool"].includes(value.type) ? value : undefined);
        }
      }
    }
    return { facets: tally.result(keys, values), traces: tally.traces, complete: this.complete };
  }

  /** Tells the traces of both sides, and of no attribute how many of them have it. */
  async weigh({ query, selected, failed }: SelectionQuery): Promise<SelectionCounts> {
    const found = async (asked: TraceQuery) => {
      const { traces } = await this.find({ ...asked, limit: Number.POSITIVE_INFINITY });
      this.queries.pop();
      return traces;
    };
    const wanted = selected && new Set((await found(selected)).map(({ traceId }) => traceId));
    const all = await found(query);
    const chosen = all.filter(
      ({ traceId, errorCount }) => wanted?.has(traceId) !== false && (!failed || errorCount > 0),
    ).length;
    const side = (traces: number) => ({ found: traces, counted: traces });
    const sides = { selected: side(chosen), rest: side(all.length - chosen) };
    return { ...sides, spans: this.#records().length, values: [], distinct: 0, crowded: [], complete: this.complete };
  }

  async live(): Promise<never> {
    throw new Error("not part of these tests");
  }

  async red(query: RedQuery): Promise<RedMetrics> {
    if (this.#red === undefined || this.#red.batches !== this.#batches.length) {
      const db = testDriver.open(":memory:");
      const aggregator = new RedAggregator();
      aggregator.load(db);
      for (const { columns } of this.#batches) {
        aggregator.consume({ columns, receivedAtMs: Number(startNano(columns, 0) / 1_000_000n) });
      }
      aggregator.flush(db);
      this.#red?.db.close();
      this.#red = { batches: this.#batches.length, db };
    }
    return readRed(this.#red.db, query);
  }

  async services(): Promise<readonly string[]> {
    return [...new Set(this.#records().map(({ service }) => service))].sort();
  }

  async servicePlaces(): Promise<ReadonlyMap<string, number>> {
    return new Map([...new Set(this.#records().map(({ service }) => service))].map((name, place) => [name, place]));
  }

  async operations(service: string | undefined): Promise<readonly Operation[]> {
    const list = new Map<string, Operation>();
    for (const { service: of, span } of this.#records()) {
      if (service === undefined || of === service)
        list.set(`${span.name}\0${span.kind}`, { name: span.name, kind: span.kind });
    }
    return [...list].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, operation]) => operation);
  }

  async dependencies({ startMs, endMs, durations }: DependencyQuery): Promise<readonly DependencyLink[]> {
    this.askedRange = [startMs, endMs];
    return durations ? this.links : this.links.map(({ p50Nano: _, p99Nano: __, ...counts }) => counts);
  }

  async stats(): Promise<StoreStats> {
    return { spans: 0, batches: this.#batches.length, segments: 1, diskBytes: 0, oldestMs: undefined };
  }

  #records(): SpanRecord[] {
    for (; this.#decodedBatches < this.#batches.length; this.#decodedBatches++) {
      const batch = this.#batches[this.#decodedBatches] as LogBlock;
      const rows = Array.from({ length: batch.columns.count }, (_, row) => row);
      this.#decoded.push(...fragmentRecords({ block: batch, rows }));
    }
    return this.#decoded;
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** Runs views as a query thread does: parameters and answer cross by structured clone. */
export function hostOf(reader: TraceReader, views: Readonly<Record<string, unknown>>): ViewHost {
  const table = views as ViewTable;
  return {
    async view(name: string, params: unknown, signal: AbortSignal): Promise<ViewResult> {
      const view = table[name];
      if (view === undefined) throw new Error(`no view ${name}`);
      const { rest, ...beginning } = await view(reader, structuredClone(params) as never, signal);
      return { ...structuredClone(beginning), ...(rest === undefined ? {} : { rest }) };
    },
  };
}

function byValue(a: bigint, b: bigint): number {
  return Number(a - b);
}

function summary(traceId: string, records: readonly SpanRecord[], matched: readonly SpanRecord[]): TraceSummary {
  const root = records.find(({ span }) => span.parentSpanId === "");
  const shown = root ?? (records[0] as SpanRecord);
  const ids = new Set(records.map(({ span }) => span.spanId));
  const starts = records.map(({ span }) => span.startTimeUnixNano).sort(byValue);
  const ends = records.map(({ span }) => span.endTimeUnixNano).sort(byValue);
  const errors = (list: readonly SpanRecord[]) => list.filter(({ span }) => span.status.code === 2).length;
  return {
    traceId,
    rootService: shown.service,
    rootName: shown.span.name,
    hasRoot: root !== undefined,
    start: starts[0] as bigint,
    end: ends.at(-1) as bigint,
    spanCount: records.length,
    errorCount: errors(records),
    orphanCount: records.filter(({ span }) => span.parentSpanId !== "" && !ids.has(span.parentSpanId)).length,
    services: Array.from(
      groupBy(records, ({ service }) => service),
      ([name, list]) => ({
        name,
        spanCount: list.length,
        errorCount: errors(list),
      }),
    ),
    matchedSpans: matched.slice(0, 3).map(({ span }) => span.spanId),
    matchedCount: matched.length,
  };
}

function weightIn(order: TraceQuery["order"], { start, end, errorCount, spanCount }: TraceSummary): bigint {
  const weights = { newest: 0n, longest: end - start, shortest: start - end, errors: errorCount, spans: spanCount };
  return BigInt(weights[order ?? "newest"]);
}
