/**
 * `GET /api/ui/explain-selection` with the conditions of a search, and which of its traces are selected: some of
 * `selected.start`, `selected.end`, `selected.minTraceDuration`, `selected.maxTraceDuration`, which stand for the
 * search's own, `selected.q` for all of its conditions on spans, and `selected.errors=true` for those with a failed
 * span. The attributes in which these differ from the others. Shared with the web UI; nothing here may need Node.
 */
export interface UiSelectionExplained {
  readonly selected: UiGroupCount;
  /** The other traces of the search. */
  readonly rest: UiGroupCount;
  /** The most telling first, up to 30. */
  readonly attributes: readonly UiRankedAttribute[];
  /** Spans, and distinct attribute values, that were looked at. */
  readonly spans: number;
  readonly distinct: number;
  /** As TraceQL writes them: fields with so many values that rare ones could not be told apart. */
  readonly crowded: readonly string[];
  /** False where traces were not looked for: then those on neither side are not counted as found. */
  readonly complete: boolean;
  readonly reason?: string;
  readonly searchedBackToUnixNano?: string;
}

export interface UiGroupCount {
  readonly found: number;
  /** Fewer where there was no time for all: a sample. */
  readonly counted: number;
}

export interface UiRankedAttribute {
  readonly scope: "span" | "resource" | "intrinsic";
  readonly key: string;
  /** The text of the value; absent: the key is there, whatever its value. */
  readonly value?: string;
  /** Only on spans of this service. */
  readonly service?: string;
  /** As TraceQL writes it: `span.shop.sku = "desk-22"`; absent where no query can compare with the value. */
  readonly condition?: string;
  /** Traces with it, of those counted. */
  readonly selected: number;
  readonly rest: number;
  /** 0 to 1. */
  readonly selectedShare: number;
  readonly restShare: number;
  /** A difference as large comes about by chance. */
  readonly byChance: boolean;
  /** It says how a call ended, which follows from what was selected. */
  readonly outcome: boolean;
  /** Others that the very same traces have, in words. */
  readonly alike: readonly string[];
}
