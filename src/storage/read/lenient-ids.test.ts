import fc from "fast-check";
import { expect, it } from "vitest";
import { batches, query } from "../../../test/support/search/arbitrary-traces.ts";
import { incoming, scannerPipeline } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../../../test/support/storage/rig.ts";
import { traceqlQuery } from "../../../test/support/traceql/arbitrary-queries.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import type { TraceReader } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import type { MetricsQuery } from "../../model/metrics-query.ts";
import type { Span, TracesData } from "../../model/span.ts";
import type { SearchResult, TraceQuery } from "../../model/trace-query.ts";
import type { TraceqlQuery } from "../../model/traceql.ts";
import { IngestCore } from "../log/ingest-core.ts";
import type { SealTask } from "../log/seal-task.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { Sealer } from "../sealing/sealer.ts";
import { createTraceReader, DEFAULT_TRACE_READER, traceReaderSettings } from "./trace-reader.ts";

const LONGER = process.env.SPANLOOM_LONG_TESTS === "1" ? 20 : 1;
const { signal } = new AbortController();
const START = 1_795_392_039_440_000_000n;
const LENIENT = traceReaderSettings(8);
/** With no memory for tables: each look-up reads the ids of all blocks. Every trace is a long one. */
const SCANNING = { ...LENIENT, cache: { ...LENIENT.cache, bloomBytes: 0, longTraceBlocks: 1 } };

interface Stored {
  readonly source: StoredSource;
  seal(): Promise<void>;
  remove(): void;
}

function store(data: readonly TracesData[]): Stored {
  const temp = tempFolder();
  const host = recordingHost();
  const sources: StoredSource[] = [];
  const core = new IngestCore({
    settings: storeSettings(temp.path, host, { sealing: { enabled: true, minAgeMs: 0 } }),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async (ids) => {
      for (const source of sources) source.release(ids);
    },
  });
  const source = new StoredSource(fileAccess(testDriver, temp.path), () => {});
  sources.push(source);
  for (const batch of data) {
    core.append([incoming(encodeTraces(batch))]);
    core.settle();
  }
  return {
    source,
    async seal() {
      await core.maintain({ type: "roll" });
      const sealer = new Sealer({ driver: testDriver, folder: temp.path, source, share: 1 });
      const floor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };
      const next = () => core.maintain({ type: "next_seal", floor, atOnce: true }) as Promise<SealTask | undefined>;
      for (let task = await next(); task !== undefined; task = await next()) {
        const outcome = await sealer.seal(task);
        expect(outcome.type).toBe("sealed");
        await core.maintain({ type: "finish_seal", task, outcome });
      }
    },
    remove() {
      source.close();
      core.close();
      temp.remove();
    },
  };
}

function cut(id: string): string {
  return id.slice(16).padStart(32, "0");
}

function withIds(data: readonly TracesData[], idOf: (span: Span) => string): TracesData[] {
  return data.map((traces) =>
    traces.map((resource) => ({
      ...resource,
      scopeSpans: resource.scopeSpans.map((scope) => ({
        ...scope,
        spans: scope.spans.map((span) => ({ ...span, traceId: idOf(span) })),
      })),
    })),
  );
}

/** All ids cut to 64 bits, read strictly, is what ids of both lengths mean; shown is the whole id where one came. */
class Meaning {
  readonly shown = new Map<string, string>();
  readonly came = new Map<string, Set<string>>();

  add(id: string): void {
    const known = this.shown.get(cut(id)) ?? id;
    this.shown.set(cut(id), known > id ? known : id);
    this.came.set(cut(id), new Set([...(this.came.get(cut(id)) ?? []), id]));
  }

  /** Pages go on by the lower halves, whatever is shown. */
  result({ traces, ...rest }: SearchResult): SearchResult {
    const shownAs = (id: string) => this.shown.get(id) as string;
    return {
      ...rest,
      traces: traces.map((trace) => {
        const ids = [...(this.came.get(trace.traceId) as Set<string>)].sort().reverse();
        return { ...trace, traceId: shownAs(trace.traceId), ...(ids.length > 1 ? { storedIds: ids } : {}) };
      }),
    };
  }
}

function spansOf(fragments: readonly LogFragment[]): Span[] {
  return fragments.flatMap((fragment) => fragmentRecords(fragment).map(({ span }) => span));
}

/** Spans as text in no order: sealing changes that of spans, and so may the ids. */
function inNoOrder(list: readonly unknown[]): string[] {
  return list.map((one) => JSON.stringify(one, (_, value) => (typeof value === "bigint" ? `${value}` : value))).sort();
}

/** The first page and the two after it. */
async function pages(reader: TraceReader, asked: TraceQuery): Promise<SearchResult[]> {
  const found: SearchResult[] = [];
  let after: TraceQuery["after"];
  for (let page = 0; page < 3; page++) {
    const result = await reader.find({ ...asked, count: true, ...(after === undefined ? {} : { after }) }, signal);
    found.push(result);
    after = result.next;
    if (after === undefined) break;
  }
  return found;
}

const asksForIds = (asked: unknown) =>
  JSON.stringify(asked, (_, value) => (typeof value === "bigint" ? `${value}` : value)).includes("trace:id");

/** What is asked of both: searches, pipelines, and a rate by what a look-up of traces gives. */
interface Asked {
  readonly searches: readonly TraceQuery[];
  readonly metrics: MetricsQuery;
}

function askedOf(searches: readonly TraceQuery[], spansets: readonly TraceqlQuery[]): Asked {
  const pipelines = spansets.filter((one) => !asksForIds(one)).map(({ pipeline }) => pipeline);
  const [first] = pipelines;
  return {
    searches: [
      ...searches,
      ...pipelines.map((pipeline): TraceQuery => ({ filter: { op: "all" }, spansets: pipeline, limit: 2 })),
    ],
    metrics: {
      filter: { op: "all" },
      ...(first === undefined ? {} : { spansets: first }),
      ...{ start: START, end: START + 6000n, step: 500n },
      stage: { function: { name: "rate" }, by: [{ intrinsic: "trace:rootName" }] },
    },
  };
}

/** `reader` has mixed ids, `plain` the same spans under ids of 64 bits and reads strictly. */
async function expectSame(reader: TraceReader, plain: TraceReader, meaning: Meaning, asked: Asked): Promise<void> {
  for (const one of asked.searches) {
    expect(await pages(reader, one)).toEqual((await pages(plain, one)).map((result) => meaning.result(result)));
  }
  expect(await reader.metrics?.(asked.metrics, signal)).toEqual(await plain.metrics?.(asked.metrics, signal));
  for (const [low, shown] of meaning.shown) {
    const expected = spansOf(await plain.trace(hexToBytes(low) as Uint8Array, signal));
    const underShown = inNoOrder(expected.map((span) => ({ ...span, traceId: shown })));
    const other = `abcdef0123456789${low.slice(16)}`;
    for (const id of [low, shown, other]) {
      const fragments = await reader.trace(hexToBytes(id) as Uint8Array, signal);
      expect(inNoOrder(spansOf(fragments))).toEqual(underShown);
      expect(fragments[0]?.traceIds?.[0]).toBe(shown);
      expect(new Set(fragments[0]?.traceIds)).toEqual(meaning.came.get(low));
    }
  }
}

/** Read strictly, each id is a trace of its own, under the ids that came. */
async function expectApart(reader: TraceReader, meaning: Meaning): Promise<void> {
  const all = await reader.find({ filter: { op: "all" }, limit: 1000 }, signal);
  const ids = [...meaning.came.values()].flatMap((came) => [...came]);
  expect(all.traces.map(({ traceId }) => traceId).sort()).toEqual(ids.sort());
  for (const id of ids) {
    const spans = spansOf(await reader.trace(hexToBytes(id) as Uint8Array, signal));
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([id]));
  }
}

it("answers for ids of 64 and of 128 bits as for what they name, also sealed and without tables", async () => {
  const queries = fc.array(query, { minLength: 3, maxLength: 6 });
  const pipelines = fc.array(traceqlQuery, { minLength: 2, maxLength: 5 });
  const cuts = fc.array(fc.boolean(), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(batches, cuts, queries, pipelines, async (data, cutOrNot, searches, spansets) => {
      const meaning = new Meaning();
      let at = 0;
      const mixed = store(
        withIds(data, ({ traceId }) => {
          const id = cutOrNot[at++ % cutOrNot.length] ? cut(traceId) : traceId;
          meaning.add(id);
          return id;
        }),
      );
      const plain = store(withIds(data, ({ traceId }) => cut(traceId)));
      try {
        const asked = askedOf(searches, spansets);
        for (const sealed of [false, true]) {
          if (sealed) await Promise.all([mixed.seal(), plain.seal()]);
          const strict = createTraceReader(plain.source);
          for (const settings of [LENIENT, SCANNING]) {
            await expectSame(createTraceReader(mixed.source, settings), strict, meaning, asked);
          }
          await expectApart(createTraceReader(mixed.source, DEFAULT_TRACE_READER), meaning);
        }
      } finally {
        mixed.remove();
        plain.remove();
      }
    }),
    { numRuns: 12 * LONGER },
  );
}, 600_000);
