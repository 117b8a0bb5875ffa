import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TextMap, TracesRow } from "../../src/codec/clickhouse/traces-row.ts";
import { ServerProgram } from "./processes.ts";
import { pythonPackages } from "./tools.ts";

/** ClickHouse's engine 26.9; its other packages are for data frames. */
const ENGINE = "chdb-core==26.9.0";

const PROGRAM = resolve(import.meta.dirname, "programs/clickhouse.py");

/** Python that has ClickHouse's engine; undefined where it cannot be had. */
export function clickhouseEngine(): string | undefined {
  return pythonPackages("clickhouse", ["--no-deps", ENGINE]);
}

/** ClickHouse's engine on a temporary folder, behind its HTTP interface. */
export class ClickHouse {
  readonly #folder = mkdtempSync(join(tmpdir(), "spanloom-clickhouse-"));
  readonly #program: ServerProgram;

  constructor(python: string) {
    this.#program = new ServerProgram({
      path: python,
      args: ([port]) => [PROGRAM, String(port), join(this.#folder, "data")],
      ready: async ([port]) => (await fetch(`http://127.0.0.1:${port}/ping`)).ok,
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#program.port()}`;
  }

  /** On the same port and data as before. */
  start(): Promise<void> {
    return this.#program.start();
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Throws with ClickHouse's words. */
  async run(statement: string): Promise<string> {
    const answer = await fetch(this.url, { method: "POST", body: statement });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text;
  }

  /** The rows of a SELECT without a format; 64-bit integers as text. */
  async rows<Row>(select: string): Promise<Row[]> {
    const settings = "SETTINGS output_format_json_quote_64bit_integers = 1";
    return (JSON.parse(await this.run(`${select} ${settings} FORMAT JSON`)) as { data: Row[] }).data;
  }
}

/** All that a table of ours has, as rows. */
export async function readRows(server: ClickHouse, table: string): Promise<TracesRow[]> {
  const pairs = (map: string) => `arrayZip(mapKeys(${map}), mapValues(${map}))`;
  const found = await server.rows<Record<string, never>>(`SELECT toUnixTimestamp64Nano(Timestamp) AS timestamp,
    TraceId AS traceId, SpanId AS spanId, ParentSpanId AS parentSpanId, TraceState AS traceState, SpanName AS spanName,
    SpanKind AS spanKind, ServiceName AS serviceName, ${pairs("ResourceAttributes")} AS resourceAttributes,
    ScopeName AS scopeName, ScopeVersion AS scopeVersion, ${pairs("SpanAttributes")} AS spanAttributes,
    Duration AS duration, StatusCode AS statusCode, StatusMessage AS statusMessage, SpanloomOtlp AS otlp,
    arrayMap(t -> toUnixTimestamp64Nano(t), Events.Timestamp) AS eventTimes, Events.Name AS eventNames,
    arrayMap(m -> ${pairs("m")}, Events.Attributes) AS eventAttributes,
    Links.TraceId AS linkTraces, Links.SpanId AS linkSpans, Links.TraceState AS linkStates,
    arrayMap(m -> ${pairs("m")}, Links.Attributes) AS linkAttributes FROM ${table}`);
  return found.map((row) => {
    const { timestamp, duration, eventTimes, eventNames, eventAttributes, linkTraces, ...rest } = row as unknown as {
      readonly timestamp: string;
      readonly duration: string;
      readonly eventTimes: readonly string[];
      readonly eventNames: readonly string[];
      readonly eventAttributes: readonly TextMap[];
      readonly linkTraces: readonly string[];
      readonly linkSpans: readonly string[];
      readonly linkStates: readonly string[];
      readonly linkAttributes: readonly TextMap[];
    } & Omit<TracesRow, "timestamp" | "duration" | "events" | "links">;
    const { linkSpans, linkStates, linkAttributes, ...fields } = rest;
    return {
      ...fields,
      timestamp: BigInt(timestamp),
      duration: BigInt(duration),
      events: eventTimes.map((time, i) => ({
        timestamp: BigInt(time),
        name: eventNames[i] as string,
        attributes: eventAttributes[i] as TextMap,
      })),
      links: linkTraces.map((traceId, i) => ({
        traceId,
        spanId: linkSpans[i] as string,
        traceState: linkStates[i] as string,
        attributes: linkAttributes[i] as TextMap,
      })),
    };
  });
}
