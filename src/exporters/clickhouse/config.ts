import { z } from "zod";
import { httpExporterConfig, sendingConfig } from "../common-config.ts";

/** Names that need no quotes in any dialect of SQL. */
const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,200}$/, "expected letters, digits and _, no digit first");

export const clickhouseConfig = httpExporterConfig("http://localhost:8123")
  .safeExtend({
    username: z.string().min(1).default("default").describe("User of ClickHouse."),
    password: z.string().default("").describe("Password of the user."),
    database: name.default("default").describe("Database of the table; made where it is missing."),
    table: name
      .default("otel_traces")
      .describe(
        "Table of spans. Beside it are `<table>_trace_id_ts`, the times of each trace, and a view that fills it.",
      ),
    create_schema: z
      .boolean()
      .default(true)
      .describe("Makes database, tables and view where the table is missing. What is there is used and never changed."),
    ttl_days: z.int().min(0).max(36_500).default(0).describe("Tables that are made drop spans that old; 0: keep them."),
    engine: z
      .string()
      .regex(
        /^(?:Replicated|Shared)?MergeTree(?:\([^;]*\))?$/,
        "expected MergeTree, ReplicatedMergeTree or SharedMergeTree, with arguments in brackets where it takes them",
      )
      .default("MergeTree")
      .describe("Engine of tables that are made, as `ReplicatedMergeTree` or with its arguments."),
    cluster: z
      .string()
      .regex(/^[\w{}.-]{0,200}$/, "expected the name of a cluster, or {cluster}")
      .default("")
      .describe("Makes the tables on every node of this cluster (`ON CLUSTER`); empty: where the endpoint leads."),
    distributed: z
      .boolean()
      .default(false)
      .describe("Needs `cluster`. Spans go to shards by trace: tables `<name>_local`, and `<name>` over all of them."),
    sending: sendingConfig({ maxBatchSpans: 50_000, maxBatchBytes: 16_777_216, gatherMs: 1_000, concurrency: 1 }),
  })
  .refine(({ cluster, distributed }) => !distributed || cluster !== "", {
    path: ["distributed"],
    message: "distributed needs a cluster to spread the tables over",
  });

export type ClickHouseConfig = z.output<typeof clickhouseConfig>;
