import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RECEIVERS } from "../../../app/config/builtin.ts";
import { type Config, parseConfig } from "../../../app/config/config.ts";
import { mergeConfig, type RawConfig } from "../../../app/config/config-sources.ts";
import { inProcessDefaults } from "../../../app/config/in-process.ts";
import { readDataFolder } from "../../../app/data-folder.ts";
import { runCollector } from "../../../app/run-collector.ts";
import { PermanentError } from "../../../component/errors.ts";
import type { SpanStore } from "../../../component/store.ts";
import { SpanTable } from "../../../runs/population/span-table.ts";
import { RUN_ATTRIBUTE } from "./run-environment.ts";

/** What goes on sending so long after its command has ended is not waited for, ms. */
const LONGEST_REST_MS = 30_000;
/** For what is still to be sent on, ms. */
const SEND_ON_MS = 15_000;
const LOOK_MS = 50;

export interface RunIntakeSettings {
  readonly label: string;
  /** OTLP/HTTP base of a collector that gets the spans too. */
  readonly sendOnTo: string | undefined;
  readonly defaultPorts: boolean;
}

/** The collector of one run: a folder of its own, gone when the run is over. */
export interface RunIntake {
  /** OTLP base, for HTTP and gRPC. */
  readonly url: string;
  /** Resolves when nothing has come for so long; false where something still came in the end. */
  atRest(quietMs: number): Promise<boolean>;
  /** Stops it and gives all that came; `unsent`: spans that the other collector did not take. */
  finish(): Promise<{ readonly table: SpanTable; readonly unsent: number }>;
  /** Stops it where it runs, and removes the folder. Idempotent. */
  close(): Promise<void>;
}

/** @throws PermanentError `listen_failed` where a default port is taken */
export async function startRunIntake(settings: RunIntakeSettings): Promise<RunIntake> {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-run-"));
  const removed = () => rmSync(folder, { recursive: true, force: true });
  const config = intakeConfig(folder, settings);
  const { promise: opened, resolve } = Promise.withResolvers<SpanStore>();
  let lastMs = performance.now();
  const stored = () => {
    lastMs = performance.now();
  };
  const collector = await runCollector(config, {}, RECEIVERS, { opened: resolve, stored }).catch((error: unknown) => {
    removed();
    throw error;
  });
  const store = await opened;
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= collector.shutdown();
    return stopping;
  };
  return {
    url: collector.endpoints.otlpHttp ?? "",
    async atRest(quietMs) {
      const began = performance.now();
      lastMs = began;
      for (let left = quietMs; left > 0; left = quietMs - (performance.now() - lastMs)) {
        if (performance.now() - began > LONGEST_REST_MS) return false;
        await sleep(Math.max(1, left));
      }
      return true;
    },
    async finish() {
      const unsent = settings.sendOnTo === undefined ? 0 : await sentOn(store);
      await stop();
      return { table: await readTable(config), unsent };
    },
    async close() {
      await stop().finally(removed);
    },
  };
}

/** Where programs send that nobody told otherwise (OTLP's specification). */
const DEFAULT_PORTS = {
  protocols: { grpc: { endpoint: "127.0.0.1:4317" }, http: { endpoint: "127.0.0.1:4318" } },
};

/** Nothing listens but OTLP and, as a collector cannot do without, its own pages. */
export function intakeConfig(folder: string, { label, sendOnTo, defaultPorts }: RunIntakeSettings): Config {
  const others = Object.keys(RECEIVERS).filter((type) => type !== "otlp");
  const written: RawConfig = {
    storage: { kind: "sqlite", path: folder, synchronous: "normal", sealing: { enabled: false } },
    receivers: {
      ...Object.fromEntries(others.map((type) => [type, { enabled: false }])),
      ...(defaultPorts ? { "otlp/default": DEFAULT_PORTS } : {}),
    },
    ui: { grpc_endpoint: null, tempo_endpoint: null },
    discovery: { server: { enabled: false } },
    processors: { resource: { attributes: [{ key: RUN_ATTRIBUTE, action: "upsert", value: label }] } },
    ...(sendOnTo === undefined ? {} : { exporters: { otlp_http: { endpoint: sendOnTo } } }),
  };
  const merged = mergeConfig(inProcessDefaults(written, RECEIVERS), written);
  return parseConfig(merged, { name: "spanloom run" });
}

/** Waits until the other collector has all; gives how many spans it has not. */
async function sentOn(store: SpanStore): Promise<number> {
  for (let waited = 0; ; waited += LOOK_MS) {
    const [exporter] = await store.exporters();
    if (exporter === undefined) throw new PermanentError("internal", "the run's collector has no exporter");
    const missing = exporter.lagSpans + exporter.rejectedSpans + exporter.lostSpans;
    if (exporter.lagSpans === 0 || waited >= SEND_ON_MS) return missing;
    await sleep(LOOK_MS);
  }
}

async function readTable(config: Config): Promise<SpanTable> {
  const table = new SpanTable();
  const reader = readDataFolder(config);
  try {
    for await (const { block, rows } of reader.fragments(() => {})) table.add(block.columns, rows);
    const missing = reader.missing();
    if (missing !== undefined) throw new PermanentError("internal", `not all that came could be read: ${missing}`);
    return table;
  } finally {
    reader.close();
  }
}
