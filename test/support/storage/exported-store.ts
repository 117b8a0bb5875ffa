import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExportOutcome } from "../../../src/component/export.ts";
import type { ConfiguredExporter } from "../../../src/component/store.ts";
import type { LogFragment } from "../../../src/model/log.ts";
import type { AggregateTable } from "../../../src/storage/aggregates/aggregate-runner.ts";
import { openConsumersDb } from "../../../src/storage/consumers/consumers-db.ts";
import { ExportCore, type ExportCoreOptions } from "../../../src/storage/consumers/export-core.ts";
import { IngestCore } from "../../../src/storage/log/ingest-core.ts";
import { fileAccess, StoredSource } from "../../../src/storage/log/stored-source.ts";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "./batches.ts";
import { testDriver } from "./driver.ts";
import { recordingHost, storeSettings } from "./rig.ts";

/** Done when a test ends, last first. */
export const cleanups: (() => void | Promise<void>)[] = [];

/** What the stores of a test hold open; for `afterEach`. */
export async function closeStores(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

type Behaviour = (ids: readonly number[], signal: AbortSignal) => ExportOutcome | Promise<ExportOutcome>;

/** An exporter that remembers span ids and range of every request it was given, and answers as `behave` says. */
export function destination(name: string, behave: Behaviour, changes: Partial<ConfiguredExporter> = {}) {
  const requests: number[][] = [];
  const ranges: (string | undefined)[] = [];
  const delivered: number[] = [];
  const configured: ConfiguredExporter = {
    name,
    startAt: "now",
    maxBatchSpans: 512,
    concurrency: 1,
    backoff: { initialMs: 1, maxMs: 5, factor: 1.5 },
    exporter: {
      async start() {},
      async shutdown() {},
      async export(fragments: readonly LogFragment[], signal, range) {
        const ids = fragments.flatMap(({ block, rows }) => {
          const all = spanNumbers(block.columns);
          return rows.map((row) => all[row] as number);
        });
        requests.push(ids);
        ranges.push(range);
        const outcome = await behave(ids, signal);
        if (outcome.type === "delivered") delivered.push(...ids);
        return outcome;
      },
    },
    ...changes,
  };
  return { configured, requests, ranges, delivered };
}

export const DELIVERED: ExportOutcome = { type: "delivered" };
export const numbers = (first: number, count: number) => range(first, count).map(({ id }) => id);

export function store(
  changes: Parameters<typeof storeSettings>[2] = {},
  path = mkdtempSync(join(tmpdir(), "spanloom-export-")),
  now: () => number = Date.now,
) {
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  const host = recordingHost();
  const sources: StoredSource[] = [];
  const ingest = new IngestCore({
    settings: storeSettings(path, host, changes),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async (ids) => {
      for (const source of sources) source.release(ids);
    },
    now,
  });
  cleanups.push(() => ingest.close());
  let core: ExportCore | undefined;
  return {
    ingest,
    host,
    path,
    append(first: number, count: number, receivedAtMs = Date.now(), padding = 0) {
      ingest.append([incoming(makeBody("s", range(first, count, 4, padding)), receivedAtMs)]);
      ingest.settle();
      core?.advanced();
    },
    async run(
      exporters: readonly ConfiguredExporter[],
      aggregates: AggregateTable = {},
      more: Partial<ExportCoreOptions> = {},
    ) {
      const source = new StoredSource(fileAccess(testDriver, path), () => {});
      sources.push(source);
      const { db, wasDamaged } = openConsumersDb(testDriver, join(path, "consumers.db"), host.logger);
      const running = new ExportCore({
        source,
        db,
        exporters,
        aggregates,
        host,
        drainOnClose: false,
        cursorsLost: wasDamaged,
        ...more,
      });
      core = running;
      let closed = false;
      const close = async (signal = new AbortController().signal) => {
        if (closed) return;
        closed = true;
        await running.close(signal);
        source.close();
        db.close();
      };
      cleanups.push(() => close(AbortSignal.abort()));
      await running.start();
      return { core: running, close, db };
    },
  };
}
