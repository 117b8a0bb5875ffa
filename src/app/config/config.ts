import { z } from "zod";
import { isDiscoverEndpoint } from "../../component/discovery.ts";
import { discoveryConfig } from "../../discovery/config.ts";
import { samplingConfig } from "../../processors/head-sampling/sampling-config.ts";
import { processorsConfig } from "../../processors/processors-config.ts";
import { proxyConfig } from "../../proxy/proxy-config.ts";
import { endpointSchema } from "../../server/endpoint.ts";
import { EXPORTERS, RECEIVERS } from "./builtin.ts";
import { type ConfigOrigin, configError, describeIssues, nearest } from "./config-error.ts";
import type { RawConfig } from "./config-sources.ts";
import { listenersOf, sharedAddresses } from "./listener-addresses.ts";

const MIB = 1024 * 1024;

const storageConfig = z.strictObject({
  kind: z
    .enum(["sqlite", "memory"])
    .default("sqlite")
    .describe("`sqlite` keeps spans in files under `path`; `memory` keeps them in this process only."),
  path: z.string().min(1).default("./spanloom-data").describe("Data folder, relative to the working directory."),
  driver: z
    .enum(["auto", "better-sqlite3", "node:sqlite"])
    .default("auto")
    .describe(
      "Which SQLite is used. `auto`: the add-on better-sqlite3, or Node's own (22.13 and later) where the add-on cannot be loaded.",
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
});

const uiConfig = z.strictObject({
  endpoint: endpointSchema
    .default("127.0.0.1:16686")
    .describe("Where the web UI, the read APIs, /metrics and the health checks listen."),
  base_path: z
    .string()
    .regex(/^\/([\w.~-]+(\/[\w.~-]+)*)?\/?$/, "expected a path such as / or /tracing")
    .default("/")
    .describe("Path that a reverse proxy puts in front."),
  allowed_hosts: z
    .array(z.string())
    .default([])
    .describe("Host names by which browsers may reach this listener besides localhost and addresses."),
});

const telemetryConfig = z.strictObject({
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

const limitsConfig = z.strictObject({
  in_flight_mebibytes: z
    .int()
    .min(1)
    .default(128)
    .describe("Bytes of requests being handled at once, counted inflated; beyond it senders are told to retry."),
});

/** The whole config file. Unknown keys are errors everywhere. */
export const configSchema = z.strictObject({
  receivers: z.strictObject({ otlp: RECEIVERS.otlp.config.prefault({}) }).prefault({}),
  processors: processorsConfig.prefault({}),
  sampling: samplingConfig.prefault({}),
  storage: storageConfig.prefault({}),
  exporters: z.record(z.string(), z.unknown()).default({}),
  discovery: discoveryConfig.prefault({}),
  proxy: proxyConfig.prefault({}),
  ui: uiConfig.prefault({}),
  limits: limitsConfig.prefault({}),
  telemetry: telemetryConfig.prefault({}),
});

export type Config = z.output<typeof configSchema>;
/** What a user writes: everything is optional. */
export type ConfigInput = z.input<typeof configSchema>;

/** Validates; the error lists every problem with its place and what was expected. */
export function parseConfig(raw: RawConfig, origin: ConfigOrigin): Config {
  const parsed = configSchema.safeParse(raw);
  const lines = parsed.success ? [] : describeIssues(parsed.error, raw, keysAt);
  const exporters: Record<string, unknown> = {};
  const written = raw.exporters;
  if (typeof written === "object" && written !== null && !Array.isArray(written)) {
    for (const [name, value] of Object.entries(written)) {
      const result = parseExporter(name, value ?? {});
      if ("lines" in result) lines.push(...result.lines);
      else exporters[name] = result.config;
    }
  }
  if (parsed.success) {
    lines.push(...unreachableRegistry(parsed.data, exporters), ...sharedAddresses(listenersOf(parsed.data)));
  }
  if (!parsed.success || lines.length > 0) throw configError(origin, lines);
  return { ...parsed.data, exporters };
}

/** Exporters run in a thread of their own, which reaches the collector's registry over its listener. */
function unreachableRegistry({ discovery }: Config, exporters: Readonly<Record<string, unknown>>): string[] {
  if (discovery.backend !== "local" || discovery.server.enabled) return [];
  const discovers = ([, config]: [string, unknown]) => {
    const { endpoint } = config as { readonly endpoint?: unknown };
    return typeof endpoint === "string" && isDiscoverEndpoint(endpoint);
  };
  return Object.entries(exporters)
    .filter(discovers)
    .map(
      ([name]) =>
        `exporters.${name}.endpoint: discover:// asks the collector's registry; expected discovery.server.enabled: true, or another discovery.backend`,
    );
}

/** `otlp/backup` is a second exporter of type `otlp`. */
export function exporterType(name: string): string {
  return name.split("/", 1)[0] as string;
}

function parseExporter(name: string, value: unknown): { config: unknown } | { lines: string[] } {
  const type = exporterType(name);
  const factory = EXPORTERS[type];
  if (factory === undefined) {
    const known = Object.keys(EXPORTERS);
    const near = nearest(type, known);
    return {
      lines: [
        `exporters.${name}: unknown type "${type}"; ${near ? `did you mean "${near}"?` : `known: ${known.join(", ")}`}`,
      ],
    };
  }
  const parsed = factory.config.safeParse(value);
  if (parsed.success) return { config: parsed.data };
  const keys = (path: readonly PropertyKey[]) => schemaKeys(factory.config, path);
  return { lines: describeIssues(parsed.error, value, keys).map((line) => `exporters.${name}.${line}`) };
}

function keysAt(path: readonly PropertyKey[]): readonly string[] {
  return schemaKeys(configSchema, path);
}

/** The keys that the schema allows at a path, through defaults and optionals. */
export function schemaKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let node = unwrap(schema);
  for (const part of path) {
    if (node instanceof z.ZodArray) node = unwrap(node.element as z.ZodType);
    else if (node instanceof z.ZodObject) {
      const next = (node.shape as Record<PropertyKey, z.ZodType | undefined>)[part];
      if (next === undefined) return [];
      node = unwrap(next);
    } else return [];
  }
  return node instanceof z.ZodObject ? Object.keys(node.shape as object) : [];
}

function unwrap(schema: z.ZodType): z.ZodType {
  let node = schema;
  for (;;) {
    if (
      node instanceof z.ZodDefault ||
      node instanceof z.ZodPrefault ||
      node instanceof z.ZodOptional ||
      node instanceof z.ZodNullable
    ) {
      node = node.unwrap() as z.ZodType;
    } else return node;
  }
}

/** Bytes of a setting in MiB. */
export function mebibytes(value: number): number {
  return value * MIB;
}
