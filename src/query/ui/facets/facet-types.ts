/**
 * `GET /api/ui/facets?keys=&values=&field=` with the conditions of a search: what the spans that match say, in all
 * traces that match, whatever the limit and page. Shared with the web UI; nothing here may need Node.
 */
export interface UiFacetsResponse {
  /** What tells traces apart first. */
  readonly facets: readonly UiFacet[];
  /** That match and were looked at: what all counts are of. */
  readonly traces: number;
  /** False where traces that match were not looked at, and where there are more attributes than are told apart. */
  readonly complete: boolean;
  readonly reason?: string;
  /** Where time ended it: all that match and start at or after it were looked at, ns since the epoch. */
  readonly searchedBackToUnixNano?: string;
}

/** Counts are traces with a span that matches and has the key, or the value under it. */
export interface UiFacet {
  /** As TraceQL writes it: `span.http.method`, `resource."a b"`, `name`. */
  readonly field: string;
  readonly traces: number;
  /** Most traces first. `literal` as TraceQL writes it; a value is found by `field = literal`. */
  readonly values: readonly { readonly literal: string; readonly traces: number }[];
  /** Values that were told apart. */
  readonly distinct: number;
  /** False where there are more, and one of those may be frequent. */
  readonly exact: boolean;
}
