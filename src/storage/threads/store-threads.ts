import type { Duplex } from "node:stream";
import type { IncomingBatch } from "../../component/ingest.ts";
import type { MetricSample } from "../../component/metrics.ts";
import type { ViewHost } from "../../component/read.ts";
import type { ExporterStatus, ExportFilters, ServedReads } from "../../component/store.ts";
import type { Cursor } from "../../model/log.ts";
import type { AppendOutcome, GroupOutcome, MaintenanceJob } from "../log/ingest-core.ts";
import type { SealOutcome, SealTask } from "../log/seal-task.ts";

/**
 * The three parts of the store as the main thread holds them, in threads of their own or inline. Calls on a part that
 * is down throw RetryableError `storage_unavailable`. Releases of segments and reports of damage pass between the parts
 * without the holder.
 */
export interface StoreThreads {
  readonly ingest: IngestThread;
  readonly query: QueryThread;
  readonly export: ExportThread;
  /** Absent for a store in memory. */
  readonly sealing: SealingThread | undefined;
}

export interface SealingThread {
  seal(task: SealTask): Promise<SealOutcome>;
  metrics(): Promise<readonly MetricSample[]>;
  /** Gives up what is under way. */
  close(signal: AbortSignal): Promise<void>;
}

export interface IngestThread {
  /** One group: one transaction. Called again only after it has settled. The batches' bytes are given away. */
  append(batches: readonly IncomingBatch[]): Promise<readonly GroupOutcome[]>;
  /** What became of a batch that was only begun. */
  later(key: number): Promise<AppendOutcome>;
  /** As SpanStore.reconfigureIngest; a thread that dies comes back with the config that was given last. */
  reconfigure(config: unknown): Promise<void>;
  maintain<T>(job: MaintenanceJob): Promise<T>;
  /** Why spans are refused now; undefined where they are taken. */
  trouble(): string | undefined;
  metrics(): Promise<readonly MetricSample[]>;
  /** Commits, empties the write-ahead log and gives the folder back. */
  close(signal: AbortSignal): Promise<void>;
}

export interface QueryThread extends ViewHost {
  /** As SpanStore.serve; a thread that dies comes back with the server on the port that it had. */
  serve(config: unknown, onStream: (stream: Duplex) => void): Promise<ServedReads>;
  /** Why a part of what is stored cannot be read now; undefined where all can. */
  trouble(): string | undefined;
  /** Resolves when spans that are deleted are no longer read. */
  checkDeletions(): Promise<void>;
  metrics(): Promise<readonly MetricSample[]>;
  close(signal: AbortSignal): Promise<void>;
}

export interface ExportThread {
  /** The log has grown by about so many bytes. */
  advanced(bytes: number): void;
  /** As QueryThread's. */
  trouble(): string | undefined;
  /** As QueryThread's. */
  checkDeletions(): Promise<void>;
  /** What the stored cursors of all consumers have passed. */
  floor(): Promise<Cursor>;
  /** Resolves when aggregates have read all there is, and all cursors are stored. */
  catchUp(): Promise<void>;
  /** Removes what aggregates have stored. */
  forget(): Promise<void>;
  /** As SpanStore.resend; no segment may be sealed meanwhile. */
  resend(exporter: string, sinceMs: number | undefined): Promise<number>;
  /** As SpanStore.filterExports; a thread that died and was started again has them too. */
  filter(filters: ExportFilters): Promise<void>;
  status(): Promise<readonly ExporterStatus[]>;
  metrics(): Promise<readonly MetricSample[]>;
  /** Lets requests under way finish until the signal aborts. */
  close(signal: AbortSignal): Promise<void>;
}
