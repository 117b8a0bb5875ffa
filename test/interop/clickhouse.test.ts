import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toRow } from "../../src/codec/clickhouse/to-row.ts";
import { OTLP_COLUMN, rowJson } from "../../src/codec/clickhouse/traces-row.ts";
import { type PlacedSpan, toTracesData } from "../../src/codec/mapping/placed-span.ts";
import { jsonToTraces } from "../../src/codec/otlp/json/json-in.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { generateTraces } from "../../src/demo/generate-traces.ts";
import { countSpans } from "../../src/demo/generator.ts";
import { clickhouseExporter } from "../../src/exporters/clickhouse/clickhouse.ts";
import type { ClickHouseConfig } from "../../src/exporters/clickhouse/config.ts";
import { createDatabase, createTables } from "../../src/exporters/clickhouse/ddl.ts";
import type { SpanRecord } from "../../src/model/span.ts";
import { fromRow } from "../support/clickhouse-rows.ts";
import { startCollectorProcess } from "../support/collector-process.ts";
import { arbitraryRecord, comparableSet, fixtureRecords } from "../support/mapping-records.ts";
import { describeWhere } from "../support/requires.ts";
import { ClickHouse, clickhouseEngine, readRows } from "./clickhouse-server.ts";

const python = clickhouseEngine();
const TEXTS = clickhouseExporter.config.parse({ database: "texts" }) as ClickHouseConfig;

const bare = (record: PlacedSpan): SpanRecord => ({ ...record, service: "", marks: 0 });

describeWhere(python !== undefined, "Python is missing, or chdb-core cannot be had", "the clickhouse exporter", () => {
  let server: ClickHouse;
  const folders: string[] = [];
  beforeAll(async () => {
    server = new ClickHouse(python as string);
    await server.start();
  });
  afterAll(async () => {
    await server?.remove();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), "spanloom-clickhouse-store-"));
    folders.push(made);
    return made;
  }

  const start = (data: string, database: string, ...set: string[]) =>
    startCollectorProcess(data, [
      `exporters.clickhouse.endpoint=${server.url}`,
      `exporters.clickhouse.database=${database}`,
      "exporters.clickhouse.retry_on_failure.initial_interval_ms=100",
      "exporters.clickhouse.retry_on_failure.max_interval_ms=500",
      "exporters.clickhouse.sending.gather_ms=50",
      ...set,
    ]);

  async function post(url: string, body: Uint8Array): Promise<void> {
    const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/x-protobuf" }, body });
    expect(answer.status).toBe(200);
  }

  const count = async (table: string, what = "count()") => {
    // Until the first insert there is no table.
    const [row] = await server.rows<{ n: string }>(`SELECT ${what} AS n FROM ${table}`).catch(() => []);
    return Number(row?.n ?? 0);
  };
  const counted = (table: string, spans: number) => expect.poll(() => count(table), { timeout: 60_000 }).toBe(spans);

  it("writes rows from which every span comes back, and the queries of the Collector's exporter find", async () => {
    const records = (["node-shop", "python-shop", "telemetrygen"] as const).flatMap((name) =>
      fixtureRecords(name).flat(),
    );
    const collector = await start(folder(), "whole");
    try {
      await post(collector.otlpHttp, encodeTraces(toTracesData(records)));
      await counted("whole.otel_traces", records.length);
    } finally {
      await collector.end("SIGTERM");
    }
    const back = (await readRows(server, "whole.otel_traces")).map((row) => bare(fromRow(row)));
    expect(comparableSet(back)).toEqual(comparableSet(records.map(bare)));
    const [first] = records as [SpanRecord];
    const { traceId } = first.span;
    const found = await server.rows<{ readonly SpanName: string }>(`WITH '${traceId}' AS trace_id,
      (SELECT min(Start) FROM whole.otel_traces_trace_id_ts WHERE TraceId = trace_id) AS start,
      (SELECT max(End) + 1 FROM whole.otel_traces_trace_id_ts WHERE TraceId = trace_id) AS end
      SELECT SpanName FROM whole.otel_traces WHERE TraceId = trace_id AND Timestamp >= start AND Timestamp <= end`);
    const names = records.filter(({ span }) => span.traceId === traceId).map(({ span }) => span.name);
    expect(found.map(({ SpanName }) => SpanName).sort()).toEqual(names.sort());
    const where = `ServiceName = '${first.service}' AND SpanAttributes['http.response.status_code'] = '200' AND Duration > 0`;
    expect(await count(`whole.otel_traces WHERE ${where}`)).toBeGreaterThan(0);
  });

  it("writes any text so that ClickHouse gives it back", async () => {
    const records = fc.sample(arbitraryRecord, 300);
    for (const statement of [createDatabase(TEXTS), ...createTables(TEXTS)]) await server.run(statement);
    const lines = records.map((record) => rowJson(toRow(record), { column: OTLP_COLUMN }));
    await server.run(`INSERT INTO texts.otel_traces FORMAT JSONEachRow\n${lines.join("\n")}`);
    const back = (await readRows(server, "texts.otel_traces")).map((row) => bare(fromRow(row)));
    expect(comparableSet(back)).toEqual(comparableSet(records.map(bare)));
  });

  it("shows every acknowledged span once, whoever is ended by force", async () => {
    const traces = generateTraces({ traces: 900 });
    const data = folder();
    let sent = 0;
    let collector = await start(data, "kills");
    for (let at = 0; at < traces.length; at += 20) {
      const part = { resourceSpans: traces.slice(at, at + 20).flatMap(({ resourceSpans }) => resourceSpans) };
      const spans = jsonToTraces(Buffer.from(JSON.stringify(part)));
      await post(collector.otlpHttp, encodeTraces(spans));
      sent += countSpans(spans);
      if (at % 300 === 280) {
        // Somewhere between what is stored here and what is stored there.
        await expect.poll(() => count("kills.otel_traces"), { timeout: 60_000 }).toBeGreaterThan(0);
        await collector.end("SIGKILL");
        const both = at % 600 === 280;
        if (both) await server.stop();
        collector = await start(data, "kills");
        if (both) await server.start();
      }
    }
    try {
      await expect
        .poll(() => count("kills.otel_traces", "uniqExact(TraceId, SpanId)"), { timeout: 120_000 })
        .toBe(sent);
      expect(await count("kills.otel_traces")).toBe(sent);
    } finally {
      await collector.end("SIGTERM");
    }
  });

  it("uses a table that the Collector has made", async () => {
    await server.run("CREATE DATABASE IF NOT EXISTS theirs");
    const [table] = createTables({ ...TEXTS, database: "theirs" }) as [string];
    await server.run(
      table.replace(/\n.*SpanloomOtlp.*/, "").replace(/, non_replicated_deduplication_window = \d+/, ""),
    );
    const collector = await start(folder(), "theirs");
    try {
      const records = fixtureRecords("node-shop").flat();
      await post(collector.otlpHttp, encodeTraces(toTracesData(records)));
      await counted("theirs.otel_traces", records.length);
      expect(await count("theirs.otel_traces WHERE SpanAttributes['spanloom.otlp'] != ''")).toBeGreaterThan(0);
    } finally {
      await collector.end("SIGTERM");
    }
  });
});
