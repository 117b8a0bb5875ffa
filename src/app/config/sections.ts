import { z } from "zod";
import { endpointSchema } from "../../server/endpoint.ts";
import { tlsConfig } from "../../server/tls.ts";

export const storageConfig = z.strictObject({
  kind: z
    .enum(["sqlite", "memory"])
    .default("sqlite")
    .describe("`sqlite` keeps spans in files under `path`; `memory` keeps them in this process only."),
  path: z.string().min(1).default("./spanloom-data").describe("Data folder, relative to the working directory."),
  driver: z
    .enum(["auto", "better-sqlite3", "node:sqlite"])
    .default("auto")
    .describe(
      "Which SQLite is used. `auto`: the add-on better-sqlite3, or Node's own where that has no binary for this machine.",
    ),
  synchronous: z
    .enum(["full", "normal"])
    .default("full")
    .describe(
      "What an acknowledgement promises. `full`: the spans survive a power cut. `normal`: they survive a crash of the process; a power cut may lose the last moments.",
    ),
  segment: z
    .strictObject({
      max_spans: z.int().min(512).default(500_000).describe("A segment file is closed at this many spans."),
      max_mebibytes: z.int().min(1).default(256).describe("A segment file is closed at this size."),
      max_age_minutes: z.number().positive().default(60).describe("A segment file is closed at this age."),
    })
    .prefault({}),
  retention: z
    .strictObject({
      max_age_hours: z
        .number()
        .positive()
        .nullable()
        .default(168)
        .describe("Spans received longer ago are deleted, a segment at a time; null keeps them."),
      max_mebibytes: z
        .int()
        .min(1)
        .nullable()
        .default(10_240)
        .describe("The oldest segments are deleted beyond this size on disk; null is no limit."),
    })
    .prefault({}),
  sealing: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe("Rewrite closed segments in the background: a quarter of the size, and faster to search."),
      min_age_minutes: z
        .number()
        .nonnegative()
        .default(5)
        .describe("A closed segment is rewritten when its newest span was received so long ago."),
    })
    .prefault({}),
  min_free_mebibytes: z
    .int()
    .min(0)
    .default(256)
    .describe(
      "What stays free on the disk of the data folder: near it the oldest segments are deleted, below it senders are told to retry; 0 is no reserve.",
    ),
  strict_trace_id: z
    .boolean()
    .default(true)
    .describe(
      "False: spans whose trace ids agree in their lower 64 bits are shown as one trace, as Zipkin does with `STRICT_TRACE_ID=false`: for systems in which some services cut ids of 128 bits to 64. What is stored stays the same.",
    ),
});

export const uiConfig = z.strictObject({
  endpoint: endpointSchema
    .default("127.0.0.1:16686")
    .describe("Where the web UI, the read APIs, /metrics and the health checks listen."),
  grpc_endpoint: endpointSchema
    .nullable()
    .optional()
    .describe(
      "Where Jaeger's gRPC query services listen; null turns them off. Default: port 16685 on the host of `ui.endpoint`, or any free one where that takes any. A port that is taken is a warning.",
    ),
  tempo_endpoint: endpointSchema
    .nullable()
    .optional()
    .describe(
      "Where Tempo's API for readers listens, as Grafana's Tempo data source asks it; null turns it off. Default: port 3200 on the host of `ui.endpoint`, or any free one where that takes any. A port that is taken is a warning.",
    ),
  tls: tlsConfig
    .omit({ min_version: true })
    .optional()
    .describe("Of `endpoint`, `grpc_endpoint` and `tempo_endpoint`."),
  base_path: z
    .string()
    .regex(/^\/([\w.~-]+(\/[\w.~-]+)*)?\/?$/, "expected a path such as / or /tracing")
    .default("/")
    .describe("Path that a reverse proxy puts in front."),
  assets_path: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder of a static build of Jaeger UI, which is served in the place of the web UI; that is at `/spanloom/` then.",
    ),
  config_file: z
    .string()
    .min(1)
    .optional()
    .describe("Jaeger UI's own config, with `assets_path`: a JSON file, or a script that declares `UIConfig`."),
  zipkin_assets_path: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder of a static build of Zipkin's UI (zipkin-lens), served at `/zipkin` on the port of the `zipkin` receiver.",
    ),
  mcp: z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe(
          "Serve the Model Context Protocol at `/mcp`, so that assistants on this machine can search and explain traces. It only reads, and answers nobody on other machines.",
        ),
    })
    .prefault({}),
  zipkin_autocomplete_keys: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Keys of tags that Zipkin's UI offers, with the values that are stored, as Zipkin's `AUTOCOMPLETE_KEYS`.",
    ),
  allowed_hosts: z
    .array(z.string())
    .default([])
    .describe("Host names by which browsers may reach this listener besides localhost and addresses."),
});

export const telemetryConfig = z.strictObject({
  logs: z
    .strictObject({
      level: z
        .enum(["debug", "info", "warn", "error"])
        .default("info")
        .describe("Least important lines that are written."),
      format: z.enum(["text", "json"]).default("text").describe("`json` writes one object a line."),
    })
    .prefault({}),
  traces: z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe(
          "Traces the collector's own appends, requests, views, attempts to export, sealing and retention, as service `spanloom` in its own log.",
        ),
      ratio: z.number().min(0).max(1).default(0.01).describe("Share of operations that are traced whatever they took."),
      slower_than_ms: z
        .number()
        .min(0)
        .default(250)
        .describe("Operations that take at least this long are traced in any case."),
    })
    .prefault({}),
});

export const limitsConfig = z.strictObject({
  in_flight_mebibytes: z
    .int()
    .min(1)
    .default(128)
    .describe(
      "Bytes of requests being handled at once, counted inflated; beyond it senders are told to retry. One sender, by its credential or else its address, gets at most half while others send too.",
    ),
  memory_percent: z
    .number()
    .positive()
    .max(100)
    .nullable()
    .default(75)
    .describe(
      "From this share of its memory on, percent, senders are told to retry: the resident memory of the process against the limit of its control group (a container's), else all of the machine's. They are taken again at nine tenths of it. null: never.",
    ),
});
