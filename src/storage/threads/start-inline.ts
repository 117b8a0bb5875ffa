import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import type { Host } from "../../component/component.ts";
import { cancelled, RetryableError } from "../../component/errors.ts";
import type { IngestPipeline } from "../../component/ingest.ts";
import { type Connect, type ViewHost, wholeAnswer } from "../../component/read.ts";
import { joinSignals } from "../../component/signals.ts";
import type { ExportModule, IngestModule, QueryModule, StoreSettings } from "../../component/store.ts";
import { traceKeyStart } from "../../model/ids.ts";
import { aggregateBytes, createAggregates } from "../aggregates/builtin.ts";
import { openConsumersDb } from "../consumers/consumers-db.ts";
import { ExportCore } from "../consumers/export-core.ts";
import { CONSUMERS_FILE } from "../folder/layout.ts";
import { IngestCore, type MaintenanceJob } from "../log/ingest-core.ts";
import { fileAccess, memoryAccess, StoredSource } from "../log/stored-source.ts";
import type { QueryCore } from "../read/query-core.ts";
import { Sealer } from "../sealing/sealer.ts";
import { chooseDriver } from "../sqlite/choose-driver.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";
import { PortStream } from "./port-stream.ts";
import type { StoreThreads } from "./store-threads.ts";

export interface InlineModules {
  readonly ingest: IngestModule;
  readonly query: QueryModule;
  readonly export: ExportModule;
}

/**
 * All parts of the store in the calling thread: for the store in memory, and for tests on files. Between two groups of
 * batches the event loop gets a turn.
 */
export async function startInline(settings: StoreSettings, modules: InlineModules): Promise<StoreThreads> {
  const { host } = settings;
  const driver = chooseDriver(settings.driver);
  const sources: StoredSource[] = [];
  const views = new Set<Promise<unknown>>();
  const createPipeline = (config: unknown) => modules.ingest.createPipeline(config, host);
  const trouble: Parts["trouble"] = { writing: undefined, reading: undefined };
  const ingest = new IngestCore({
    settings,
    driver,
    pipeline: createPipeline(settings.modules.ingest.config),
    host,
    release: async (ids, gently) => {
      if (gently) await Promise.allSettled(views);
      for (const source of sources) source.release(ids);
    },
    onTrouble: (reason) => {
      trouble.writing = reason;
    },
  });
  let consumers: SqlDatabase | undefined;
  try {
    const path = settings.kind === "memory" ? ":memory:" : join(settings.path, CONSUMERS_FILE);
    const { db, wasDamaged } = openConsumersDb(driver, path, host.logger);
    consumers = db;
    const access = settings.kind === "memory" ? memoryAccess(ingest.segments, db) : fileAccess(driver, settings.path);
    const source = new StoredSource(access, (segment, reason) => void ingest.quarantine(segment, reason), {
      onTrouble: (reason) => {
        trouble.reading = reason;
      },
    });
    sources.push(source);
    const exporting = new ExportCore({
      source,
      db,
      exporters: await modules.export.createExporters(settings.modules.export.config, host),
      aggregates: createAggregates(traceKeyStart(settings.strictTraceId)),
      maxAggregateBytes: aggregateBytes(settings.retention.maxBytes),
      host,
      drainOnClose: settings.kind === "memory",
      cursorsLost: wasDamaged,
    });
    await exporting.start();
    let loading: Promise<QueryCore> | undefined;
    const query = () => (loading ??= loadQuery(source, settings, modules.query));
    const sealer =
      settings.kind === "memory" ? undefined : new Sealer({ driver, folder: settings.path, source, share: 0.5 });
    const { loadServer } = modules.query;
    return threads({
      ingest,
      createPipeline,
      query,
      loadServer,
      exporting,
      source,
      consumers: db,
      views,
      sealer,
      trouble,
      host,
    });
  } catch (error) {
    for (const source of sources) source.close();
    consumers?.close();
    ingest.close();
    throw error;
  }
}

/** The reading side: it is large, and some never ask. */
async function loadQuery(
  source: StoredSource,
  { strictTraceId, host }: StoreSettings,
  { loadViews }: QueryModule,
): Promise<QueryCore> {
  const [{ QueryCore }, { createTraceReader, traceReaderSettings }, views] = await Promise.all([
    import("../read/query-core.ts"),
    import("../read/trace-reader.ts"),
    loadViews(),
  ]);
  const reader = createTraceReader(source, traceReaderSettings(traceKeyStart(strictTraceId)));
  return new QueryCore(reader, views, host);
}

interface Parts {
  readonly ingest: IngestCore;
  readonly createPipeline: (config: unknown) => IngestPipeline;
  readonly query: () => Promise<QueryCore>;
  readonly loadServer: QueryModule["loadServer"];
  readonly exporting: ExportCore;
  readonly source: StoredSource;
  readonly consumers: SqlDatabase;
  /** Under way. */
  readonly views: Set<Promise<unknown>>;
  readonly sealer: Sealer | undefined;
  readonly trouble: { writing: string | undefined; reading: string | undefined };
  readonly host: Host;
}

function threads(parts: Parts): StoreThreads {
  const { ingest, createPipeline, query, loadServer, exporting, source, consumers, views, sealer, trouble, host } =
    parts;
  const ending = new AbortController();
  let advancing = false;

  const view: ViewHost["view"] = async (name, params, signal) => {
    if (ending.signal.aborted) throw new RetryableError("storage_unavailable", "the store is closing", 1000);
    const both = joinSignals(signal, ending.signal);
    const running = query().then((core) => core.view(name, params, both.signal));
    views.add(running);
    let ended: Promise<void> | undefined;
    try {
      const result = await running;
      ended = result.rest?.ended;
      return result;
    } catch (error) {
      throw signal.aborted ? cancelled() : error;
    } finally {
      views.delete(running);
      if (ended === undefined) both.release();
      else {
        // What it reads later ends with the store, as its beginning does.
        const rest: Promise<void> = ended.then(both.release).finally(() => views.delete(rest));
        views.add(rest);
      }
    }
  };

  return {
    ingest: {
      trouble: () => trouble.writing,
      async append(batches) {
        await nextTurn();
        const outcomes = ingest.append(batches);
        ingest.settle();
        return outcomes;
      },
      later: (key) => ingest.later(key),
      async reconfigure(config) {
        ingest.setPipeline(createPipeline(config));
      },
      maintain: <T>(job: MaintenanceJob) => ingest.maintain(job) as Promise<T>,
      metrics: async () => [],
      async close() {
        source.close();
        consumers.close();
        ingest.close();
      },
    },
    query: {
      trouble: () => trouble.reading,
      checkDeletions: async () => source.checkDeletions(),
      view: async (name, params, signal) => wholeAnswer(await view(name, params, signal)),
      async serve(config, onStream) {
        const connect: Connect = (peer) => {
          const { port1, port2 } = new MessageChannel();
          onStream(new PortStream(port2, peer));
          return new PortStream(port1, peer);
        };
        const server = (await loadServer(false))(config, { views: { view }, host, connect });
        const accept: Connect = (peer) => {
          const { port1, port2 } = new MessageChannel();
          server.accept(new PortStream(port2, peer));
          return new PortStream(port1, peer);
        };
        return {
          addresses: await server.start(),
          connect: accept,
          close: (signal) => server.shutdown(signal),
        };
      },
      metrics: async () => [],
      async close() {
        ending.abort();
        await Promise.allSettled(views);
      },
    },
    export: {
      trouble: () => undefined,
      advanced() {
        if (advancing) return;
        advancing = true;
        setImmediate(() => {
          advancing = false;
          if (!ending.signal.aborted) exporting.advanced();
        });
      },
      status: async () => exporting.status(),
      checkDeletions: async () => source.checkDeletions(),
      floor: async () => exporting.floor(),
      catchUp: () => exporting.catchUp(),
      forget: async () => exporting.forget(),
      resend: async (exporter, sinceMs) => exporting.resend(exporter, sinceMs),
      filter: async (filters) => exporting.filterExports(filters),
      // All parts count in the host's own metrics here; the application reads those itself.
      metrics: async () => [],
      close: (signal) => exporting.close(signal),
    },
    sealing: sealer && { seal: (task) => sealer.seal(task), metrics: async () => [], close: () => sealer.stop() },
  };
}
