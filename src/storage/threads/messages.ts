import type { MessagePort } from "node:worker_threads";
import type { ErrorRecord } from "../../component/errors.ts";
import type { LogFields, LogLevel } from "../../component/logger.ts";
import type { OwnWork } from "../../component/own-work.ts";
import type { ReadAddresses } from "../../component/read.ts";
import type { ExportFilters, ThreadModule } from "../../component/store.ts";
import type { SegmentId } from "../../model/log.ts";
import type { LogSettings, MaintenanceJob } from "../log/ingest-core.ts";
import type { SealTask } from "../log/seal-task.ts";
import type { PackedGroup } from "./batch-group.ts";

/** What a thread of the store is started with. */
export interface ThreadData {
  /** `ingest`, `query`, `export` or `sealing`. */
  readonly thread: string;
  readonly settings: LogSettings;
  readonly module: ThreadModule;
  /** Memory of RecentBodies. */
  readonly recent: SharedArrayBuffer;
  /** Memory of FolderGate. */
  readonly gate: SharedArrayBuffer;
  /** `spanloom/<version>` */
  readonly userAgent: string;
  /** Whether `work` is wanted. */
  readonly reportsWork: boolean;
  /** Undefined until SpanStore.filterExports was called: those of `module` hold. */
  readonly exportFilters: ExportFilters | undefined;
}

/** Requests carry an id and are answered by `answer` or `refused` with that id; the others are notices. */
export type ToIngest =
  | { readonly type: "append"; readonly id: number; readonly group: PackedGroup }
  /** What became of a batch that `append` had only begun. */
  | { readonly type: "later"; readonly id: number; readonly key: number }
  /** The pipeline is to be created anew from this config of the application. */
  | { readonly type: "reconfigure"; readonly id: number; readonly config: unknown }
  | { readonly type: "maintain"; readonly id: number; readonly job: MaintenanceJob }
  /** A reader found damage in a segment. */
  | { readonly type: "quarantine"; readonly segment: SegmentId; readonly reason: string }
  /** All readers have let go of the segments of that `release`. */
  | { readonly type: "released"; readonly release: number }
  | CommonRequest;

export type ToQuery =
  | { readonly type: "view"; readonly id: number; readonly name: string; readonly params: unknown }
  | { readonly type: "cancel"; readonly view: number }
  /** `gently`: after the views that are under way. */
  | { readonly type: "release"; readonly id: number; readonly segments: readonly SegmentId[]; readonly gently: boolean }
  | { readonly type: "check_deletions"; readonly id: number }
  /** Starts the module's server: answered with its addresses. `at`: ReadServerParts. */
  | { readonly type: "serve"; readonly id: number; readonly config: unknown; readonly at: ReadAddresses | undefined }
  /** The application opened a stream (PortStream) to the server. */
  | { readonly type: "accept"; readonly port: MessagePort; readonly peer: string | undefined }
  /** Ends the server after the requests under way. */
  | { readonly type: "stop_serving"; readonly id: number }
  /** A `stop_serving` under way is not to wait any longer. */
  | { readonly type: "hurry" }
  | CommonRequest;

export type ToSealing =
  | { readonly type: "seal"; readonly id: number; readonly task: SealTask }
  | { readonly type: "release"; readonly id: number; readonly segments: readonly SegmentId[]; readonly gently: boolean }
  | CommonRequest;

export type ToExport =
  /** The log has grown. */
  | { readonly type: "advanced" }
  | { readonly type: "status"; readonly id: number }
  | { readonly type: "floor"; readonly id: number }
  | { readonly type: "catch_up"; readonly id: number }
  | { readonly type: "forget"; readonly id: number }
  | { readonly type: "resend"; readonly id: number; readonly exporter: string; readonly sinceMs: number | undefined }
  | { readonly type: "filter"; readonly id: number; readonly filters: ExportFilters }
  | { readonly type: "release"; readonly id: number; readonly segments: readonly SegmentId[]; readonly gently: boolean }
  | { readonly type: "check_deletions"; readonly id: number }
  /** A `close` under way is not to wait any longer. */
  | { readonly type: "hurry" }
  | CommonRequest;

export type CommonRequest =
  | { readonly type: "metrics"; readonly id: number }
  | { readonly type: "close"; readonly id: number };

export type FromThread =
  | { readonly type: "ready" }
  /** It could not start, and ends. */
  | { readonly type: "failed"; readonly error: ErrorRecord }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "refused"; readonly id: number; readonly error: ErrorRecord }
  /** Why the thread cannot do its work as it should now; undefined when it can again. */
  | { readonly type: "trouble"; readonly reason: string | undefined }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  | { readonly type: "work"; readonly work: OwnWork };

export type FromIngest =
  | FromThread
  /** No reader may have these segments open: answered by `released`. */
  | {
      readonly type: "release";
      readonly release: number;
      readonly segments: readonly SegmentId[];
      readonly gently: boolean;
    };

export type FromReader =
  | FromThread
  | { readonly type: "damaged"; readonly segment: SegmentId; readonly reason: string };

export type FromQuery =
  | FromReader
  /** The server opened a stream (PortStream) to the application. */
  | { readonly type: "stream"; readonly port: MessagePort; readonly peer: string | undefined };
