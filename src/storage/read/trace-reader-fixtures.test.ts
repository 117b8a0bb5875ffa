import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MemorySource, prepare } from "../../../test/support/search/memory-source.ts";
import { flatten, naiveFind } from "../../../test/support/search/naive-search.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { jsonToTraces } from "../../codec/otlp/json/json-in.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../codec/otlp/scan/scan-result.ts";
import { SILENT_LOGGER } from "../../component/logger.ts";
import { Metrics } from "../../component/metrics.ts";
import type { TraceReader } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import { SPAN_KIND_NAMES, type TracesData } from "../../model/span.ts";
import type { Literal, SpanField, SpanFilter, TraceQuery, TraceSummary } from "../../model/trace-query.ts";
import { CONSUMERS_FILE, SEGMENTS_FOLDER } from "../folder/layout.ts";
import { LogWriter } from "../log/log-writer.ts";
import { SegmentSet } from "../log/segment-set.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { createTraceReader } from "./trace-reader.ts";

interface TraceFacts {
  readonly traceId: string;
  readonly spans: number;
  readonly errors: number;
  readonly roots: readonly { readonly name: string; readonly service: string; readonly missingParent?: string }[];
  readonly services: Readonly<Record<string, { readonly spans: number; readonly errors: number }>>;
  readonly startTimeUnixNano: string;
  readonly durationNano: string;
}

interface FileFacts {
  readonly traces: number;
  readonly spans: number;
  readonly errors: number;
  readonly tracesWithErrors: number;
  readonly services: Readonly<Record<string, { readonly spans: number; readonly traces: number }>>;
  readonly kinds: Readonly<Record<string, number>>;
  readonly allTraces: readonly TraceFacts[];
}

const FOLDER = join(import.meta.dirname, "../../../test/fixtures");
const NAMES = ["node-shop", "python-shop", "telemetrygen"];
const facts = JSON.parse(readFileSync(join(FOLDER, "facts.json"), "utf8")) as Record<string, FileFacts>;
const allFacts = NAMES.map((name) => facts[name] as FileFacts);
const requests: TracesData[] = NAMES.flatMap((name) =>
  readFileSync(join(FOLDER, `${name}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => jsonToTraces(Buffer.from(line))),
);

const signal = new AbortController().signal;
const text = (value: string): Literal => ({ type: "text", value });
const equals = (field: SpanField, value: Literal): SpanFilter => ({ op: "compare", field, is: "=", value });
const service = (name: string) => equals({ intrinsic: "service" }, text(name));

interface Store {
  readonly reader: TraceReader;
  close(): void;
}

const stores: Record<string, () => Store> = {
  "a store of plain objects": () => {
    const source = new MemorySource();
    for (const request of requests) source.append(request);
    return { reader: createTraceReader(source), close: () => source.aggregates().close() };
  },
  "SQLite files in several segments": () => {
    const folder = mkdtempSync(join(tmpdir(), "spanloom-read-"));
    mkdirSync(join(folder, SEGMENTS_FOLDER), { recursive: true });
    const segments = new SegmentSet({
      driver: testDriver,
      folder,
      synchronous: "normal",
      logger: SILENT_LOGGER,
    });
    const log = new LogWriter({
      segments,
      limits: { maxSpans: 250, maxBytes: 1e9, maxAgeMs: 1e9 },
      logger: SILENT_LOGGER,
      metrics: new Metrics(),
      now: () => 1_000,
    });
    const source = new StoredSource(fileAccess(testDriver, folder), (_, reason) => {
      throw new Error(reason);
    });
    testDriver.open(join(folder, CONSUMERS_FILE)).close();
    const reader = createTraceReader(source);
    const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
    for (const request of requests) {
      log.add(prepare(scanner, encodeTraces(request)), 1_000);
      log.commit();
      log.settle(false);
    }
    return {
      reader,
      close() {
        source.close();
        log.close();
        segments.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
};

describe.each(Object.entries(stores))("recorded traces in %s", (_, open) => {
  let store: Store;
  let reader: TraceReader;
  beforeAll(() => {
    store = open();
    reader = store.reader;
  });
  afterAll(() => store.close());

  const find = async (filter: SpanFilter, more: Partial<TraceQuery> = {}): Promise<readonly TraceSummary[]> =>
    (await reader.find({ filter, limit: 1000, ...more }, signal)).traces;

  it("summarises every trace as recorded", async () => {
    const traces = await find({ op: "all" });
    expect(traces.length).toBe(allFacts.reduce((sum, file) => sum + file.traces, 0));
    const byId = new Map(traces.map((trace) => [trace.traceId, trace]));
    for (const fact of allFacts.flatMap((file) => file.allTraces)) {
      const trace = byId.get(fact.traceId) as TraceSummary;
      expect(trace.spanCount).toBe(fact.spans);
      expect(trace.errorCount).toBe(fact.errors);
      expect(trace.start).toBe(BigInt(fact.startTimeUnixNano));
      expect(trace.end - trace.start).toBe(BigInt(fact.durationNano));
      const services = Object.entries(fact.services).map(([name, { spans, errors }]) => ({
        name,
        spanCount: spans,
        errorCount: errors,
      }));
      expect(trace.services).toEqual(services.sort((a, b) => (a.name < b.name ? -1 : 1)));
      const roots = fact.roots.filter((root) => root.missingParent === undefined);
      expect(trace.hasRoot).toBe(roots.length > 0);
      expect(trace.orphanCount).toBe(fact.roots.length - roots.length);
      if (roots.length > 0) {
        expect(roots.map((root) => `${root.service} ${root.name}`)).toContain(`${trace.rootService} ${trace.rootName}`);
      }
    }
  });

  it("counts services, kinds and errors as recorded", async () => {
    for (const file of allFacts) {
      for (const [name, { spans, traces }] of Object.entries(file.services)) {
        const found = await find(service(name));
        expect(found.length).toBe(traces);
        expect(found.reduce((sum, trace) => sum + trace.matchedCount, 0)).toBe(spans);
      }
    }
    const errors = await find(equals({ intrinsic: "status" }, { type: "status", value: 2 }));
    expect(errors.length).toBe(allFacts.reduce((sum, file) => sum + file.tracesWithErrors, 0));
    expect(errors.reduce((sum, trace) => sum + trace.matchedCount, 0)).toBe(
      allFacts.reduce((sum, file) => sum + file.errors, 0),
    );
    for (const [value, name] of SPAN_KIND_NAMES.entries()) {
      const found = await find(equals({ intrinsic: "kind" }, { type: "kind", value: value as 0 }));
      const expected = allFacts.reduce((sum, file) => sum + (file.kinds[name.toUpperCase()] ?? 0), 0);
      expect(found.reduce((sum, trace) => sum + trace.matchedCount, 0)).toBe(expected);
    }
  });

  it("lists services and operations", async () => {
    const names = allFacts.flatMap((file) => Object.keys(file.services)).sort();
    expect(await reader.services(signal)).toEqual(names);
    const spans = flatten(requests);
    const expected = (items: typeof spans) =>
      [...new Set(items.map(({ span }) => JSON.stringify([span.name, span.kind])))]
        .map((key) => JSON.parse(key) as [string, number])
        .sort(([a, ka], [b, kb]) => (a < b ? -1 : a > b ? 1 : ka - kb))
        .map(([name, kind]) => ({ name, kind }));
    expect(await reader.operations("orders", signal)).toEqual(
      expected(spans.filter((item) => item.service === "orders")),
    );
    expect(await reader.operations(undefined, signal)).toEqual(expected(spans));
    expect(await reader.operations("nobody", signal)).toEqual([]);
  });

  it("gives whole traces by id", async () => {
    for (const fact of allFacts.flatMap((file) => file.allTraces.slice(0, 20))) {
      const fragments = await reader.trace(hexToBytes(fact.traceId) as Uint8Array, signal);
      expect(fragments.reduce((sum, fragment) => sum + fragment.rows.length, 0)).toBe(fact.spans);
    }
  });

  it("answers real questions as the definition does", async () => {
    const spans = flatten(requests);
    const any = (key: string): SpanField => ({ scope: "any", key });
    const questions: SpanFilter[] = [
      equals(any("http.status_code"), text("200")),
      equals(any("http.response.status_code"), { type: "int", value: 500n }),
      { op: "and", of: [service("orders"), equals(any("db.system"), text("sqlite"))] },
      { op: "compare", field: { intrinsic: "duration" }, is: ">", value: { type: "int", value: 1_000_000_000n } },
      { op: "compare", field: any("exception.message"), is: "=~", value: text(".*refused.*") },
      { op: "exists", field: { scope: "link", key: "messaging.message.id" } },
      { op: "exists", field: { scope: "event", key: "exception.type" } },
      equals({ scope: "instrumentation", key: "otel.scope.name" }, text("__main__")),
      {
        op: "and",
        of: [equals({ intrinsic: "root" }, { type: "bool", value: true }), { op: "not", of: service("frontend") }],
      },
      equals(any("no.such.key"), text("x")),
    ];
    let matches = 0;
    for (const filter of questions) {
      for (const more of [{}, { traceDurationMin: 50_000_000n }, { startMax: 1_795_392_050_000_000_000n }]) {
        const query: TraceQuery = { filter, limit: 1000, ...more };
        const expected = naiveFind(spans, query);
        expect(await find(filter, more)).toEqual(expected);
        matches += expected.length;
      }
    }
    expect(matches).toBeGreaterThan(100);
  });
});
