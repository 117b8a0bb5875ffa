import type { Duplex } from "node:stream";
import type { SpanFilter } from "../model/trace-query.ts";
import type { Host } from "./component.ts";
import type { Exporter, ExportOutcome } from "./export.ts";
import type { BatchSink, IngestPipeline } from "./ingest.ts";
import type { MetricSample } from "./metrics.ts";
import type { Connect, CreateReadServer, ReadAddresses, ViewHost, ViewTable } from "./read.ts";
import type { BackoffSettings } from "./retry.ts";

/** The whole store as the application holds it: a sink, a place to ask, and the log consumers that it drives. */
export interface SpanStore extends BatchSink, ViewHost {
  /**
   * Creates the ingest pipeline anew from `config` (IngestModule.createPipeline): batches that are prepared after the
   * promise resolved go through it. Rejects where that fails, and then the old one stays.
   */
  reconfigureIngest(config: unknown): Promise<void>;
  /**
   * Deletes what is stored of traces, 16 bytes each: from when the promise resolves no read gives and no exporter gets
   * them; what arrives of them later is new. Their bytes leave the disk when their segments are sealed.
   */
  deleteTraces(traceIds: readonly Uint8Array[]): Promise<void>;
  /** Deletes everything that is stored; the disk is free when the promise resolves. */
  deleteAll(): Promise<void>;
  /**
   * Closes the open segment and seals all that every exporter has passed by then, whatever its age; gives the number of
   * segments rewritten. Spans that arrive meanwhile do not prolong it.
   */
  compact(onProgress?: (segments: number) => void): Promise<number>;
  /**
   * Sets an exporter back, so that what it has passed is sent once more: from the first span that may have been
   * received at `sinceMs`, ms since the epoch, or all that is stored. Gives how many spans that are, those deleted
   * since included. Throws PermanentError `bad_request` for a name that no exporter has, and for a place that is not
   * behind the exporter: nothing is ever passed over.
   */
  resend(exporter: string, sinceMs: number | undefined): Promise<number>;
  /**
   * Exchanges the filters of all exporters (ConfiguredExporter.filter), by name: one that is not named sends all. What
   * is in a request under way by then still goes as it is. Rejects with PermanentError `bad_request` for a filter that
   * cannot be compiled.
   */
  filterExports(filters: ExportFilters): Promise<void>;
  /**
   * Starts the server that the query module makes of `config` (QueryModule.loadServer) where views run. `onStream`
   * takes the byte streams that it opens to this thread. At most one at a time.
   */
  serve(config: unknown, onStream: (stream: Duplex) => void): Promise<ServedReads>;
  /** Why spans are refused, or a part of what is stored cannot be read, now; undefined where all is well. */
  trouble(): string | undefined;
  /** Counters and gauges of the store's threads. */
  metrics(): Promise<readonly MetricSample[]>;
  /** State of every exporter, for metrics and the status page. */
  exporters(): Promise<readonly ExporterStatus[]>;
  /** Commits what was taken, stops consumers, closes files, ends threads. Idempotent. */
  close(signal: AbortSignal): Promise<void>;
}

export interface ServedReads {
  readonly addresses: ReadAddresses;
  /** Opens a byte stream to the server for one request of a client (ReadServer.accept). `peer`: its address. */
  readonly connect: Connect;
  /** As ReadServer.shutdown. */
  close(signal: AbortSignal): Promise<void>;
}

export interface ExporterStatus {
  readonly name: string;
  /** Log rows and spans between the end of the log and the exporter's cursor. */
  readonly lagBatches: number;
  readonly lagSpans: number;
  /** Age of the oldest batch not yet delivered, ms; 0 when none waits. */
  readonly lagMs: number;
  readonly deliveredSpans: number;
  readonly rejectedSpans: number;
  /** Spans that the exporter's filter left out, since the start. */
  readonly filteredSpans: number;
  /** Spans that retention removed, or a bounded backlog gave up, before they could be sent. */
  readonly lostSpans: number;
  readonly retries: number;
  readonly lastOutcome: ExportOutcome["type"] | undefined;
  readonly lastError: string | undefined;
  readonly lastDeliveredAtMs: number | undefined;
}

/** By the exporter's name. */
export type ExportFilters = ReadonlyMap<string, SpanFilter>;

export interface ConfiguredExporter {
  /** The key in the config; also the name of its cursor. */
  readonly name: string;
  readonly exporter: Exporter;
  /** Where a destination that the log does not know yet begins. */
  readonly startAt: "now" | "oldest";
  /** Most spans in one request; batches are joined up to it. */
  readonly maxBatchSpans: number;
  /** About as many bytes of OTLP protobuf in one request at most, before compression; default: no bound. */
  readonly maxBatchBytes?: number;
  /**
   * Waits until a batch is full, or its oldest span was received so long ago, ms; default: sends what there is.
   */
  readonly gatherMs?: number;
  /**
   * What a request holds is stored before it is sent, so that a repetition holds the same, after a crash too: for
   * destinations that drop what they have. A deletion, another filter, and retention take away from it all the same.
   */
  readonly exact?: true;
  /** Requests under way at once. The stored cursor is the contiguous prefix that is done. */
  readonly concurrency: number;
  readonly backoff: BackoffSettings;
  /** Spans that are sent; the cursor goes on past others. Default: all. */
  readonly filter?: SpanFilter;
  /** When more spans than this wait, the oldest are given up and counted as lost; default: all wait until retention. */
  readonly maxBacklogSpans?: number;
}

/**
 * What the application plugs into the store's threads. In a worker each comes from the module at `url`, which exports
 * the function named here; inline the same functions are called directly. `config` must survive structured clone.
 */
export interface IngestModule {
  createPipeline(config: unknown, host: Host): IngestPipeline;
}
export interface QueryModule {
  /** Apart, as it takes its time: a store that nobody has asked yet needs none of it. */
  loadViews(): Promise<ViewTable>;
  /** Apart too, for a store that serves nothing. `whole`: with what answers, which it loads itself otherwise. */
  loadServer(whole: boolean): Promise<CreateReadServer>;
}
export interface ExportModule {
  createExporters(config: unknown, host: Host): Promise<readonly ConfiguredExporter[]>;
}
export interface ThreadModule {
  /** file: URL of a JavaScript module that exports an IngestModule, QueryModule or ExportModule. */
  readonly url: string;
  readonly config: unknown;
}

export interface StoreSettings {
  readonly kind: "sqlite" | "memory";
  /** Data folder; unused for memory. */
  readonly path: string;
  /** Which SQLite is used; `auto`, the default, takes the add-on and Node's own where that cannot be loaded. */
  readonly driver?: "auto" | "better-sqlite3" | "node:sqlite";
  /** SQLite's `synchronous`: what an acknowledgement promises after a power cut. */
  readonly synchronous: "full" | "normal";
  readonly segment: { readonly maxSpans: number; readonly maxBytes: number; readonly maxAgeMs: number };
  /** By receive time and by bytes on disk; undefined is no limit. */
  readonly retention: { readonly maxAgeMs: number | undefined; readonly maxBytes: number | undefined };
  /** Rewriting of closed segments into columns; absent is off. Not for memory. */
  readonly sealing?: { readonly enabled: boolean; readonly minAgeMs: number };
  /** Spans are refused, retryably, while the disk has less free than this, bytes; absent is no reserve. */
  readonly minFreeBytes?: number;
  /**
   * False: spans whose trace ids agree in their lower 64 bits are of one trace to readers and to the counts of calls;
   * what is stored is the same. Absent is true.
   */
  readonly strictTraceId?: boolean;
  readonly modules: { readonly ingest: ThreadModule; readonly query: ThreadModule; readonly export: ThreadModule };
  /** Folder URL (with trailing slash) of the compiled thread entry files; used by the worker transport only. */
  readonly threadEntries: string;
  readonly host: Host;
}
