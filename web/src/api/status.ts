/**
 * `GET /api/ui/status` as the pages read it: what the collector listens on and what has passed through it since it
 * started. The application fills it (src/app/status.ts).
 */
export interface UiStatusResponse {
  readonly version: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly endpoints: {
    /** `http://127.0.0.1:4318`; absent when that receiver is off. */
    readonly otlpHttp?: string;
    /** Authority, `127.0.0.1:4317`. */
    readonly otlpGrpc?: string;
    /** Every listener of every receiver. */
    readonly receivers?: readonly ReceiverEndpoint[];
    readonly ui: string;
  };
  readonly storage: {
    readonly kind: string;
    readonly path?: string;
    readonly spans: number;
    readonly batches: number;
    readonly segments: number;
    readonly diskBytes: number;
    /** Receive time of the oldest stored batch, ms since the epoch. */
    readonly oldestMs?: number;
    readonly retention: { readonly maxAgeHours: number | null; readonly maxMebibytes: number | null };
  };
  readonly received: readonly CountedSeries[];
  readonly sampling: readonly CountedSeries[];
  /** What rates and calls between services leave out, sum up under other names, or forgot early. */
  readonly uncounted: readonly CountedSeries[];
  readonly exporters: readonly UiExporterStatus[];
}

interface ReceiverEndpoint {
  readonly receiver: string;
  readonly listener: string;
  /** `OTLP/HTTP` */
  readonly title: string;
  /** Absent when it is off. */
  readonly address?: string;
}

/** A counter since the start: its metric's name without `spanloom_` and `_total`. */
export interface CountedSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface UiExporterStatus {
  readonly name: string;
  readonly type: string;
  /** Stored spans not yet delivered, and the age of the oldest of them. */
  readonly lagSpans: number;
  readonly lagMs: number;
  readonly deliveredSpans: number;
  readonly rejectedSpans: number;
  /** Spans that retention removed before they could be sent. */
  readonly lostSpans: number;
  readonly retries: number;
  readonly lastOutcome?: string;
  readonly lastError?: string;
  readonly lastDeliveredAtMs?: number;
}

/** OTLP endpoints as an SDK's environment takes them; the standard ports of the page's own host where it is not known. */
export function otlpEndpoints(
  status: UiStatusResponse | undefined,
  hostname: string,
): { readonly grpc: string; readonly http: string } {
  const { otlpGrpc, otlpHttp } = status?.endpoints ?? {};
  return {
    grpc: otlpGrpc === undefined ? `http://${hostname}:4317` : reachable(`http://${otlpGrpc}`, hostname),
    http: otlpHttp === undefined ? `http://${hostname}:4318` : reachable(otlpHttp, hostname),
  };
}

/** A listener on all addresses is reached by the name the page was reached by. */
function reachable(url: string, hostname: string): string {
  return url.replace(/^(\w+:\/\/)(?:0\.0\.0\.0|\[::\])(?=[:/]|$)/, `$1${hostname}`);
}
