import { queryText } from "../params/refine.ts";
import { type Explained, type SearchParams, searchConditions } from "../params/search-params.ts";

/** µs since the epoch. */
interface TimeSpan {
  readonly start?: string;
  readonly end?: string;
}

/** What is asked of the collector: the search whose traces are weighed, and which of them are selected. */
export interface SelectedTraces {
  readonly asked: Readonly<Record<string, string>>;
  /** `the selected traces`, `the traces with errors`, … */
  readonly name: string;
  /** `the others of this search` */
  readonly others: string;
}

/**
 * The question for a kind. `open` is the search without what was selected on the heat map, `range` its time range.
 */
export function selectedTraces(
  kind: Explained,
  params: SearchParams,
  open: SearchParams,
  range: TimeSpan,
): SelectedTraces {
  const others = "the others of this search";
  switch (kind) {
    case "selection": {
      const selected = {
        ...(params.start !== open.start && params.start !== undefined && { "selected.start": params.start }),
        ...(params.end !== open.end && params.end !== undefined && { "selected.end": params.end }),
        ...(params.minTraceDuration !== undefined && { "selected.minTraceDuration": params.minTraceDuration }),
        ...(params.maxTraceDuration !== undefined && { "selected.maxTraceDuration": params.maxTraceDuration }),
      };
      return { asked: { ...searchConditions(open), ...range, ...selected }, name: "the selected traces", others };
    }
    case "errors":
      return {
        asked: { ...searchConditions(params), ...range, "selected.errors": "true" },
        name: "the traces with errors",
        others,
      };
    case "query":
      return {
        asked: { ...range, "selected.q": queryText(params) },
        name: "the traces of this search",
        others: "all others of the time range",
      };
  }
}

/** Whether a search has conditions on spans, so that there are traces that it does not find. */
export function hasConditions(params: SearchParams): boolean {
  return queryText(params).trim() !== "{ }" && queryText(params).trim() !== "{}";
}
