import type { Request } from "router";
import { PermanentError } from "../../component/errors.ts";
import { nearest } from "../../model/text/nearest.ts";
import type { ViewRequest } from "../http.ts";
import type { QueryParams } from "../params.ts";

/** What a search says, whatever is asked of what it finds: `parseShownSearch`. */
export const SEARCH_NAMES = [
  "q",
  "service",
  "operation",
  "tag",
  "tags",
  "exactTags",
  "minDuration",
  "maxDuration",
  "minTraceDuration",
  "maxTraceDuration",
  "start",
  "end",
  "lookback",
  "order",
  "limit",
  "after",
  "count",
  "columns",
  "spansPerSet",
] as const;
export const RANGE_NAMES = ["start", "end"] as const;

export type ParseView = (params: QueryParams, request: Request) => ViewRequest;

/** The same for requests that have no parameters but these; throws as `refuseUnknown`. */
export function knowing(names: readonly string[], parse: ParseView): ParseView {
  return (params, request) => {
    refuseUnknown(params, names);
    return parse(params, request);
  };
}

/** What may come several times, also behind a prefix: all its values count. Others would be dropped unseen. */
const REPEATED: readonly string[] = ["tag", "tags", "traceID", "kind"];

/**
 * Refuses a parameter that nothing reads, or of which one value would be read and the others not: an answer to a
 * misspelt question looks like one to the right one. For our own
 * API alone; those of others ignore what they do not know, as their originals do.
 * @throws PermanentError `bad_request`
 */
export function refuseUnknown(params: QueryParams, known: readonly string[]): void {
  for (const name of params.keys()) {
    if (known.includes(name)) {
      if (params.getAll(name).length === 1 || REPEATED.includes(name.split(".").at(-1) as string)) continue;
      throw new PermanentError("bad_request", `parameter '${name}' comes more than once; expected one value`);
    }
    const near = nearest(name, known);
    const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
    const those = known.length === 0 ? "this resource takes none" : `expected ${known.join(", ")}`;
    const hint = near === undefined ? those : `did you mean '${near}'?`;
    throw new PermanentError("bad_request", `unknown parameter '${shown}'; ${hint}`);
  }
}
