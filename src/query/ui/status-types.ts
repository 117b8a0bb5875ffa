/**
 * `GET /api/ui/status`, shared with the web UI; nothing here may need Node. What is undefined is absent from the JSON.
 * Times are ms since the Unix epoch.
 */

/** What the collector listens on and what has passed through it since it started. */
export interface UiStatusResponse {
  readonly version: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly endpoints: UiEndpoints;
  /** All that listens, in the order in which it is shown. */
  readonly listeners: readonly UiListener[];
  readonly storage: UiStorageStatus;
  /** Totals since the start, one entry a series; with what the collector loaded or made itself, and forwarded. */
  readonly received: readonly UiCountedSeries[];
  readonly sampling: readonly UiCountedSeries[];
  /** What rates and calls between services leave out, sum up under other names, or forgot early. */
  readonly uncounted: readonly UiCountedSeries[];
  readonly exporters: readonly UiExporterStatus[];
}

export interface UiListener {
  /** What people call it: `Jaeger API (gRPC)`. */
  readonly title: string;
  /** How the collector's machine reaches it; undefined when it is off or its port was taken. */
  readonly address: string | undefined;
  /** The real address, `0.0.0.0:16686`, where that is another one. */
  readonly listensOn: string | undefined;
}

/** Where the collector can be reached; undefined is off. */
export interface UiEndpoints {
  /** OTLP/HTTP base, `http://127.0.0.1:4318`. */
  readonly otlpHttp: string | undefined;
  /** OTLP/gRPC authority, `127.0.0.1:4317`. */
  readonly otlpGrpc: string | undefined;
  /** Every listener of every receiver in the order of the config, those that are off included. */
  readonly receivers: readonly UiReceiverEndpoint[];
  readonly ui: string;
  /** Authority of Jaeger's gRPC query services. */
  readonly queryGrpc: string | undefined;
  /** Tempo's API for readers, `http://127.0.0.1:3200`. */
  readonly tempo: string | undefined;
  readonly registry: string | undefined;
  readonly proxy: string | undefined;
}

export interface UiReceiverEndpoint {
  /** The receiver's key in the config: `otlp`, `otlp/second`. */
  readonly receiver: string;
  /** Its name within the receiver: `http`. */
  readonly listener: string;
  /** What people call it: `OTLP/HTTP`. */
  readonly title: string;
  /** Where senders send to; undefined when it is off or its port was taken. */
  readonly address: string | undefined;
}

export interface UiStorageStatus {
  readonly kind: "sqlite" | "memory";
  /** Data folder; undefined in memory. */
  readonly path: string | undefined;
  readonly synchronous: "full" | "normal";
  readonly spans: number;
  readonly batches: number;
  readonly segments: number;
  readonly diskBytes: number;
  /** Receive time of the oldest stored batch; undefined when empty. */
  readonly oldestMs: number | undefined;
  readonly retention: { readonly maxAgeHours: number | null; readonly maxMebibytes: number | null };
}

export interface UiCountedSeries {
  /** The metric's name without `spanloom_` and `_total`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface UiExporterStatus {
  readonly name: string;
  readonly type: string;
  /** Where it sends to, without what is secret in it: a URL, `host:port`, a file; undefined for the console. */
  readonly destination: string | undefined;
  /** Stored batches and spans not yet delivered, and the age of the oldest of them in ms. */
  readonly lagBatches: number;
  readonly lagSpans: number;
  readonly lagMs: number;
  readonly deliveredSpans: number;
  readonly rejectedSpans: number;
  /** Spans that the exporter's filter left out, since the start. */
  readonly filteredSpans: number;
  /** Spans that retention removed, or a bounded backlog gave up, before they could be sent. */
  readonly lostSpans: number;
  readonly retries: number;
  /** Of the last attempt since the start. */
  readonly lastOutcome: "delivered" | "rejected" | "retry" | "split" | undefined;
  readonly lastError: string | undefined;
  readonly lastDeliveredAtMs: number | undefined;
}
