import type { LogFragment } from "../model/log.ts";
import type { Component } from "./component.ts";
import type { EndpointResolver } from "./discovery.ts";

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
  export(fragments: readonly LogFragment[], signal: AbortSignal): Promise<ExportOutcome>;
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
