import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { RetryableError } from "../component/errors.ts";
import type { IngestPipeline } from "../component/ingest.ts";
import type { ExportModule, IngestModule, QueryModule, StoreSettings } from "../component/store.ts";
import { AGGREGATES } from "./aggregates.ts";
import { chooseDriver } from "./choose-driver.ts";
import { openConsumersDb } from "./cursor-store.ts";
import type { SqlDatabase } from "./driver.ts";
import { ExportCore } from "./export-core.ts";
import { IngestCore } from "./ingest-core.ts";
import { cancelled, QueryCore } from "./query-core.ts";
import { CONSUMERS_FILE } from "./segment-schema.ts";
import type { StoreThreads } from "./store-threads.ts";
import { fileAccess, memoryAccess, StoredSource } from "./stored-source.ts";
import { createTraceReader } from "./trace-reader.ts";

export interface InlineModules {
  readonly ingest: IngestModule;
  readonly query: QueryModule;
  readonly export: ExportModule;
}

/**
 * All parts of the store in the calling thread: for the store in memory, and for tests on files. Between two groups of
 * batches the event loop gets a turn.
 */
export async function openInline(settings: StoreSettings, modules: InlineModules): Promise<StoreThreads> {
  const { host } = settings;
  const driver = chooseDriver(settings.driver);
  const sources: StoredSource[] = [];
  const createPipeline = (config: unknown) => modules.ingest.createPipeline(config, host);
  const ingest = new IngestCore({
    settings,
    driver,
    pipeline: createPipeline(settings.modules.ingest.config),
    host,
    release: async (ids) => {
      for (const source of sources) source.release(ids);
    },
  });
  let consumers: SqlDatabase | undefined;
  try {
    const path = settings.kind === "memory" ? ":memory:" : join(settings.path, CONSUMERS_FILE);
    const { db, wasDamaged } = openConsumersDb(driver, path, host.logger);
    consumers = db;
    const access = settings.kind === "memory" ? memoryAccess(ingest.segments, db) : fileAccess(driver, settings.path);
    const source = new StoredSource(access, (segment, reason) => {
      void ingest.quarantine(segment, reason);
    });
    sources.push(source);
    const exporting = new ExportCore({
      source,
      db,
      exporters: modules.export.createExporters(settings.modules.export.config, host),
      aggregates: AGGREGATES,
      maxAgeMs: settings.retention.maxAgeMs,
      host,
      drainOnClose: settings.kind === "memory",
      cursorsLost: wasDamaged,
    });
    await exporting.start();
    const query = new QueryCore(createTraceReader(source), modules.query.views, host);
    return threads({ ingest, createPipeline, query, exporting, source, consumers: db });
  } catch (error) {
    for (const source of sources) source.close();
    consumers?.close();
    ingest.close();
    throw error;
  }
}

interface Parts {
  readonly ingest: IngestCore;
  readonly createPipeline: (config: unknown) => IngestPipeline;
  readonly query: QueryCore;
  readonly exporting: ExportCore;
  readonly source: StoredSource;
  readonly consumers: SqlDatabase;
}

function threads({ ingest, createPipeline, query, exporting, source, consumers }: Parts): StoreThreads {
  const ending = new AbortController();
  const views = new Set<Promise<unknown>>();
  let advancing = false;
  return {
    ingest: {
      async append(batches) {
        await nextTurn();
        const outcomes = ingest.append(batches);
        ingest.settle();
        return outcomes;
      },
      async reconfigure(config) {
        ingest.setPipeline(createPipeline(config));
      },
      metrics: async () => [],
      async close() {
        source.close();
        consumers.close();
        ingest.close();
      },
    },
    query: {
      async view(name, params, signal) {
        if (ending.signal.aborted) throw new RetryableError("storage_unavailable", "the store is closing", 1000);
        const both = AbortSignal.any([signal, ending.signal]);
        const running = query.view(name, params, both);
        views.add(running);
        try {
          return await running;
        } catch (error) {
          throw signal.aborted ? cancelled() : error;
        } finally {
          views.delete(running);
        }
      },
      metrics: async () => [],
      async close() {
        ending.abort();
        await Promise.allSettled(views);
      },
    },
    export: {
      advanced() {
        if (advancing) return;
        advancing = true;
        setImmediate(() => {
          advancing = false;
          if (!ending.signal.aborted) exporting.advanced();
        });
      },
      status: async () => exporting.status(),
      // All parts count in the host's own metrics here; the application reads those itself.
      metrics: async () => [],
      close: (signal) => exporting.close(signal),
    },
  };
}
