import { OTLP_COLUMN } from "../../codec/clickhouse/traces-row.ts";
import type { ClickHouseConfig } from "./config.ts";

type DdlConfig = Pick<
  ClickHouseConfig,
  "database" | "table" | "ttl_days" | "engine" | "cluster" | "distributed" | "create_schema"
>;

/** Blocks whose tokens a table remembers: some hours of inserts, and what a crash repeats is among the newest. */
export const DEDUPLICATION_WINDOW = 10_000;

/** The database itself may be there and be nobody's to make. */
export function createDatabase({ database, cluster }: DdlConfig): string {
  return `CREATE DATABASE IF NOT EXISTS \`${database}\`${onCluster(cluster)}`;
}

/**
 * What makes the tables and the view: columns, order and indexes are those of the OpenTelemetry Collector's ClickHouse
 * exporter, so that all that reads its tables reads these. Ours has one column more, and remembers what it was sent.
 */
export function createTables(config: DdlConfig): readonly string[] {
  const { table, cluster, distributed } = config;
  const times = `${table}_trace_id_ts`;
  const local = (name: string) => (distributed ? `${name}_local` : name);
  const made = [spansTable(config, local(table)), timesTable(config, local(times))];
  if (distributed) made.push(overShards(config, table), overShards(config, times));
  const view = `CREATE MATERIALIZED VIEW IF NOT EXISTS ${named(config, `${times}_mv`)}${onCluster(cluster)}
TO ${named(config, local(times))}
AS SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End
FROM ${named(config, local(table))} WHERE TraceId != '' GROUP BY TraceId`;
  return [...made, view];
}

function spansTable(config: DdlConfig, table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${named(config, table)}${onCluster(config.cluster)} (
  Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)),
  TraceId String CODEC(ZSTD(1)),
  SpanId String CODEC(ZSTD(1)),
  ParentSpanId String CODEC(ZSTD(1)),
  TraceState String CODEC(ZSTD(1)),
  SpanName LowCardinality(String) CODEC(ZSTD(1)),
  SpanKind LowCardinality(String) CODEC(ZSTD(1)),
  ServiceName LowCardinality(String) CODEC(ZSTD(1)),
  ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  ScopeName String CODEC(ZSTD(1)),
  ScopeVersion String CODEC(ZSTD(1)),
  SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  Duration UInt64 CODEC(ZSTD(1)),
  StatusCode LowCardinality(String) CODEC(ZSTD(1)),
  StatusMessage String CODEC(ZSTD(1)),
  Events Nested (
    Timestamp DateTime64(9),
    Name LowCardinality(String),
    Attributes Map(LowCardinality(String), String)
  ) CODEC(ZSTD(1)),
  Links Nested (
    TraceId String,
    SpanId String,
    TraceState String,
    Attributes Map(LowCardinality(String), String)
  ) CODEC(ZSTD(1)),
  ${OTLP_COLUMN} String DEFAULT '' CODEC(ZSTD(1)),
  INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_duration Duration TYPE minmax GRANULARITY 1
) ENGINE = ${config.engine}
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
${ttl(config, "toDateTime(Timestamp)")}${settings(config)}`;
}

function timesTable(config: DdlConfig, table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${named(config, table)}${onCluster(config.cluster)} (
  TraceId String CODEC(ZSTD(1)),
  Start DateTime CODEC(Delta, ZSTD(1)),
  End DateTime CODEC(Delta, ZSTD(1)),
  INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ${config.engine}
PARTITION BY toDate(Start)
ORDER BY (TraceId, Start)
${ttl(config, "toDateTime(Start)")}${settings(config)}`;
}

/** All spans of a trace are on one shard. */
function overShards(config: DdlConfig, table: string): string {
  const { cluster, database } = config;
  return `CREATE TABLE IF NOT EXISTS ${named(config, table)}${onCluster(cluster)} AS ${named(config, `${table}_local`)}
ENGINE = Distributed('${cluster}', '${database}', '${table}_local', cityHash64(TraceId))`;
}

function named({ database }: DdlConfig, table: string): string {
  return `\`${database}\`.\`${table}\``;
}

function onCluster(cluster: string): string {
  return cluster === "" ? "" : ` ON CLUSTER '${cluster}'`;
}

function ttl({ ttl_days }: DdlConfig, time: string): string {
  return ttl_days === 0 ? "" : `TTL ${time} + toIntervalDay(${ttl_days})\n`;
}

/** A table that is replicated remembers inserts by itself. */
function settings({ engine }: DdlConfig): string {
  const window = isReplicated(engine) ? "" : `, non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}`;
  return `SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1${window}`;
}

/** Of such a table the repetition of an insert is dropped without a setting. */
export function isReplicated(engine: string): boolean {
  return /^(?:Replicated|Shared)/.test(engine);
}
