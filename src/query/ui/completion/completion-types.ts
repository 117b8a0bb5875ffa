/** JSON answers of `/api/ui/completion/…`, shared with the web UI; nothing here may need Node. */

/** What counts are of: the newest spans of the time range, as far as the time to look goes. */
export interface UiLookedAt {
  readonly spans: number;
  /** All spans of the range that start at or after it were looked at, ns since the epoch; absent where all were. */
  readonly backToUnixNano?: string;
  /** False where there may be more; `reason` says why. */
  readonly complete: boolean;
  readonly reason?: string;
}

/** `GET /api/ui/completion/keys?start&end&lookback`: names of attributes, most spans first. */
export interface UiCompletionKeys extends UiLookedAt {
  readonly keys: readonly {
    /** As TraceQL writes it: `span.http.method`, `resource."a b"`. */
    readonly field: string;
    readonly scope: "resource" | "instrumentation" | "span" | "event" | "link";
    readonly key: string;
    readonly spans: number;
  }[];
}

/**
 * `GET /api/ui/completion/values?field&text&start&end&lookback`: values of a field in whose text `text` stands, most
 * spans first. Empty for durations and for what depends on other spans.
 */
export interface UiCompletionValues extends UiLookedAt {
  readonly values: readonly {
    /** As TraceQL writes it: `"GET"`, `500`, `error`. */
    readonly literal: string;
    readonly spans: number;
  }[];
}
