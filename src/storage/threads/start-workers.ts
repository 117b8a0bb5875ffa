import { cancelled } from "../../component/errors.ts";
import type { MetricSample } from "../../component/metrics.ts";
import type { ViewResult } from "../../component/read.ts";
import type { ExporterStatus, ExportFilters, StoreSettings, ThreadModule } from "../../component/store.ts";
import { lagSample } from "../../component/thread-samples.ts";
import type { Cursor, SegmentId } from "../../model/log.ts";
import { RecentBodies } from "../block/recent-bodies.ts";
import type { AppendOutcome, LogSettings, MaintenanceJob } from "../log/ingest-core.ts";
import type { SealOutcome } from "../log/seal-task.ts";
import { Announcer } from "./announcer.ts";
import { type PackedOutcomes, packGroup, unpackOutcomes } from "./batch-group.ts";
import { FolderGate } from "./folder-gate.ts";
import type {
  FromIngest,
  FromQuery,
  FromReader,
  ThreadData,
  ToExport,
  ToIngest,
  ToQuery,
  ToSealing,
} from "./messages.ts";
import { ReadServing } from "./read-serving.ts";
import type { StoreThreads } from "./store-threads.ts";
import { ThreadClient } from "./thread-client.ts";

/** How long a thread may go on after the signal of a close aborted, ms. */
const GRACE_MS = 1_000;

/** What the ingest thread is started with when it has died. */
interface CurrentModule {
  readonly url: string;
  config: unknown;
}

interface Threads {
  readonly ingest: ThreadClient<ToIngest, FromIngest>;
  readonly query: ThreadClient<ToQuery, FromQuery>;
  readonly serving: ReadServing;
  readonly export: ThreadClient<ToExport, FromReader>;
  /** What the export thread is started with when it has died. */
  readonly exportData: { exportFilters: ExportFilters | undefined };
  /** Started when there is something to seal for the first time. */
  readonly sealing: ThreadClient<ToSealing, FromReader>;
}

/**
 * The parts of the store in worker threads. Rejects with the reason of the first that does not start, and then none
 * runs.
 */
export async function startWorkers(settings: StoreSettings): Promise<StoreThreads> {
  const ingestModule: CurrentModule = { ...settings.modules.ingest };
  const threads = createThreads({ ...settings, modules: { ...settings.modules, ingest: ingestModule } });
  try {
    // All load at once. The readers then wait until the writer has the lock and has made the files (FolderGate).
    const writer = threads.ingest.start();
    const readers = Promise.allSettled([threads.export.start(), threads.query.start()]);
    await writer;
    for (const reader of await readers) if (reader.status === "rejected") throw reader.reason;
  } catch (error) {
    const now = AbortSignal.abort();
    await Promise.all([endExport(threads, now), endQuery(threads, now)]);
    await endIngest(threads, now);
    throw error;
  }
  const announcer = new Announcer(() => threads.export.send({ type: "advanced" }));
  return {
    ingest: ingestThread(threads, ingestModule),
    query: queryThread(threads),
    export: {
      trouble: () => threads.export.trouble,
      advanced: (bytes) => announcer.grown(bytes),
      status: () => threads.export.request<readonly ExporterStatus[]>((id) => ({ type: "status", id })).answer,
      checkDeletions: () => threads.export.request<void>((id) => ({ type: "check_deletions", id })).answer,
      floor: () => threads.export.request<Cursor>((id) => ({ type: "floor", id })).answer,
      catchUp: () => threads.export.request<void>((id) => ({ type: "catch_up", id })).answer,
      forget: () => threads.export.request<void>((id) => ({ type: "forget", id })).answer,
      resend: (exporter, sinceMs) =>
        threads.export.request<number>((id) => ({ type: "resend", id, exporter, sinceMs })).answer,
      async filter(filters) {
        await threads.export.request<void>((id) => ({ type: "filter", id, filters })).answer;
        threads.exportData.exportFilters = filters;
      },
      metrics: () =>
        withRestarts(
          threads.export.request<readonly MetricSample[]>((id) => ({ type: "metrics", id })).answer,
          "export",
          threads.export.restarts,
        ),
      close: (signal) => endExport(threads, signal),
    },
    sealing: sealingThread(threads),
  };
}

function sealingThread({ sealing }: Threads): StoreThreads["sealing"] {
  let starting: Promise<void> | undefined;
  return {
    async seal(task) {
      starting ??= sealing.start();
      try {
        await starting;
      } catch (error) {
        starting = undefined;
        throw error;
      }
      return sealing.request<SealOutcome>((id) => ({ type: "seal", id, task })).answer;
    },
    // The thread counts nothing itself.
    metrics: () => withRestarts(Promise.resolve([]), "sealing", sealing.restarts),
    async close(signal) {
      await starting?.catch(() => {});
      await sealing.end((id) => ({ type: "close", id }), signal, GRACE_MS);
    },
  };
}

function createThreads(settings: StoreSettings): Threads {
  const { host, modules } = settings;
  const memory = { recent: RecentBodies.allocate(), gate: FolderGate.allocate() };
  const common = <Name extends "ingest" | "query" | "export">(name: Name) => ({
    name,
    entry: new URL(`${name}-worker.js`, settings.threadEntries),
    data: threadData(name, settings, modules[name], memory),
    host,
  });
  const exporting = common("export");
  const onReaderMessage = (message: FromReader) => {
    if (message.type !== "damaged") return;
    threads.ingest.send({ type: "quarantine", segment: message.segment, reason: message.reason });
  };
  const threads: Threads = {
    ingest: new ThreadClient({
      ...common("ingest"),
      onMessage(message: FromIngest) {
        if (message.type === "release") void passRelease(threads, message.release, message.segments, message.gently);
      },
      onRestart: () => threads.export.send({ type: "advanced" }),
    }),
    query: new ThreadClient({
      ...common("query"),
      onMessage(message: FromQuery) {
        if (message.type === "stream") threads.serving.takeStream(message);
        else onReaderMessage(message);
      },
      onRestart: () => void threads.serving.resume(),
    }),
    serving: new ReadServing(() => threads.query, host.logger),
    export: new ThreadClient({ ...exporting, onMessage: onReaderMessage, onRestart() {} }),
    exportData: exporting.data,
    sealing: new ThreadClient({
      name: "sealing",
      entry: new URL("sealing-worker.js", settings.threadEntries),
      data: threadData("sealing", settings, modules.query, memory),
      host,
      onMessage: onReaderMessage,
      onRestart() {},
    }),
  };
  return threads;
}

function threadData(
  thread: string,
  settings: StoreSettings,
  module: ThreadModule,
  memory: Pick<ThreadData, "recent" | "gate">,
): ThreadData & { exportFilters: ExportFilters | undefined } {
  const { kind, path, driver = "auto", synchronous, segment, retention, host } = settings;
  const log: LogSettings = {
    kind,
    path,
    driver,
    synchronous,
    segment,
    retention,
    ...(settings.sealing === undefined ? {} : { sealing: settings.sealing }),
    ...(settings.minFreeBytes === undefined ? {} : { minFreeBytes: settings.minFreeBytes }),
    ...(settings.strictTraceId === undefined ? {} : { strictTraceId: settings.strictTraceId }),
  };
  return {
    thread,
    settings: log,
    module,
    ...memory,
    userAgent: host.userAgent,
    reportsWork: host.reportWork !== undefined,
    exportFilters: undefined,
  };
}

/** A reader that is down has nothing open. */
async function passRelease(
  threads: Threads,
  release: number,
  segments: readonly SegmentId[],
  gently: boolean,
): Promise<void> {
  await Promise.allSettled([
    threads.query.request((id) => ({ type: "release", id, segments, gently })).answer,
    threads.export.request((id) => ({ type: "release", id, segments, gently })).answer,
    threads.sealing.request((id) => ({ type: "release", id, segments, gently })).answer,
  ]);
  threads.ingest.send({ type: "released", release });
}

function ingestThread(threads: Threads, module: CurrentModule): StoreThreads["ingest"] {
  return {
    trouble: () => threads.ingest.trouble,
    async reconfigure(config) {
      await threads.ingest.request<void>((id) => ({ type: "reconfigure", id, config })).answer;
      module.config = config;
    },
    maintain: <T>(job: MaintenanceJob) => threads.ingest.request<T>((id) => ({ type: "maintain", id, job })).answer,
    async append(batches) {
      const { group, transfer } = packGroup(batches);
      return unpackOutcomes(
        await threads.ingest.request<PackedOutcomes>((id) => ({ type: "append", id, group }), transfer).answer,
      );
    },
    later: (key) => threads.ingest.request<AppendOutcome>((id) => ({ type: "later", id, key })).answer,
    metrics: () =>
      withRestarts(
        threads.ingest.request<readonly MetricSample[]>((id) => ({ type: "metrics", id })).answer,
        "ingest",
        threads.ingest.restarts,
      ),
    close: (signal) => endIngest(threads, signal),
  };
}

function queryThread(threads: Threads): StoreThreads["query"] {
  return {
    trouble: () => threads.query.trouble,
    checkDeletions: () => threads.query.request<void>((id) => ({ type: "check_deletions", id })).answer,
    serve: (config, onStream) => threads.serving.serve(config, onStream),
    async view(name, params, signal) {
      const { id, answer } = threads.query.request<ViewResult>((view) => ({ type: "view", id: view, name, params }));
      let stopListening = () => {};
      const aborted = new Promise<never>((_, reject) => {
        const onAbort = () => {
          threads.query.send({ type: "cancel", view: id });
          reject(cancelled());
        };
        signal.addEventListener("abort", onAbort, { once: true });
        stopListening = () => signal.removeEventListener("abort", onAbort);
      });
      try {
        return await Promise.race([answer, aborted]);
      } finally {
        stopListening();
      }
    },
    metrics: () =>
      withRestarts(
        threads.query.request<readonly MetricSample[]>((id) => ({ type: "metrics", id })).answer,
        "query",
        threads.query.restarts,
      ),
    close: (signal) => endQuery(threads, signal),
  };
}

async function withRestarts(
  samples: Promise<readonly MetricSample[]>,
  thread: string,
  restarts: number,
): Promise<readonly MetricSample[]> {
  const sample: MetricSample = {
    name: "spanloom_storage_thread_restarts_total",
    type: "counter",
    help: "Times a thread of the store died and was started again.",
    labels: { thread },
    value: restarts,
  };
  const asked = performance.now();
  const own = await samples;
  // Without any it was not asked.
  return [...own, sample, ...(own.length === 0 ? [] : [lagSample(thread, asked)])];
}

function endIngest({ ingest }: Threads, signal: AbortSignal): Promise<void> {
  return ingest.end((id) => ({ type: "close", id }), signal, GRACE_MS);
}

function endQuery({ query }: Threads, signal: AbortSignal): Promise<void> {
  return query.end((id) => ({ type: "close", id }), signal, GRACE_MS);
}

function endExport({ export: exporting }: Threads, signal: AbortSignal): Promise<void> {
  return exporting.end(
    (id) => ({ type: "close", id }),
    signal,
    GRACE_MS,
    () => exporting.send({ type: "hurry" }),
  );
}
