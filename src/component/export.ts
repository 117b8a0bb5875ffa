import type { LogFragment } from "../model/log.ts";
import type { OtherSignal, Signal } from "../model/signal.ts";
import type { Component, ComponentFactory } from "./component.ts";
import type { EndpointResolver } from "./discovery.ts";
import type { ErrorCode } from "./errors.ts";
import type { BatchEncoding, BatchFormat } from "./ingest.ts";

export type ExportOutcome =
  /** `warning`: the peer took all of it, and what it said is worth a line in the log. */
  | { readonly type: "delivered"; readonly warning?: string }
  /** The peer took the batch but not all spans, or refused it for good: counted, logged, never repeated. */
  | { readonly type: "rejected"; readonly count: number; readonly reason: string }
  /**
   * Try the same again, not before `afterMs` where the peer said so: there is no answer, or one that a peer or its
   * operator can mend.
   */
  | { readonly type: "retry"; readonly reason: string; readonly afterMs?: number }
  /** The peer finds the request too large (413, RESOURCE_EXHAUSTED for its size): send it in smaller parts. */
  | { readonly type: "split"; readonly reason: string };

/**
 * One destination. It reads the log at its own cursor and never sees another's trouble. `export` does one attempt;
 * waiting, repeating and splitting are the caller's, by component/retry.ts. It must not throw for what a peer does.
 */
export interface Exporter extends Component {
  /**
   * @param range names what is sent, where ConfiguredExporter.exact asks for it: whatever is sent again, after a
   *   crash too, has the range of its first attempt, and another part of the log never has
   */
  export(fragments: readonly LogFragment[], signal: AbortSignal, range?: string): Promise<ExportOutcome>;
}

/** A request of logs or metrics that is readable as such. Its bytes are not to be changed. */
export interface SignalRequest {
  readonly signal: OtherSignal;
  readonly format: Extract<BatchFormat, "otlp_protobuf" | "otlp_json">;
  /** As it came, in `encoding`. */
  readonly bytes: Uint8Array;
  readonly encoding: BatchEncoding;
  /** The message itself; where `encoding` is identity the same bytes. */
  readonly body: Uint8Array;
  /** Log records or data points in it. */
  readonly records: number;
  /**
   * Counts a copy of so many bytes in the budget of the request.
   * @throws RetryableError `overloaded`
   */
  readonly hold: (bytes: number) => void;
}

/** What a destination says of a request that it took: a partial success with the number that it did not keep. */
export interface ForwardResult {
  readonly rejected: number;
  /** The destination's words; empty where it said nothing. */
  readonly message: string;
}

export type ForwardOutcome =
  | ({ readonly type: "taken" } & ForwardResult)
  /** The sender may try the same again: the destination says so, or gave no answer. */
  | {
      readonly type: "retry";
      readonly reason: string;
      readonly afterMs?: number;
      /** It has too much to do, and is not unreachable. */
      readonly overloaded?: boolean;
    }
  /** For good. */
  | { readonly type: "refused"; readonly code: ErrorCode; readonly reason: string };

/**
 * The way of one destination for what is not stored. `forward` does one attempt in a bounded time; repeating is the
 * sender's. It must not throw for what the peer does.
 */
export interface Forwarder extends Component {
  forward(request: SignalRequest): Promise<ForwardOutcome>;
}

/** Where receivers hand logs and metrics. */
export interface SignalSink {
  /** Whether a destination asks for it. */
  takes(signal: OtherSignal): boolean;
  /**
   * Resolves when every destination that asks for the signal has taken the request.
   * @throws RetryableError where one of them may take it later; else PermanentError where one refuses it
   */
  forward(request: SignalRequest): Promise<ForwardResult>;
}

/** What an exporter factory is given beside its config. */
export interface ExporterSettings {
  /** The key in the config: `otlp`, `otlp/backup`. */
  readonly name: string;
  /** Where the console exporter writes. */
  readonly writeStdout: (text: string) => void;
  /** For `discover://` endpoints; absent where nothing can be looked up. Whoever resolves one closes it at shutdown. */
  readonly resolver?: EndpointResolver;
}

/** A built-in exporter. */
export interface ExporterFactory<Config = unknown> extends ComponentFactory<Config, ExporterSettings, Exporter> {
  /** As ConfiguredExporter.exact. */
  readonly exact?: true;
  /** What takes logs and metrics to the same destination; absent where its protocol has none. */
  readonly forwarding?: {
    /** What the config asks for. */
    signals(config: Config): readonly Signal[];
    create(settings: ExporterSettings, config: Config): Forwarder;
  };
}
