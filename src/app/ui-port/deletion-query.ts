import { PermanentError } from "../../component/errors.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import { badParam } from "../../query/params.ts";
import { parseTraceqlSearch } from "../../query/traceql-params.ts";

/** Parameters of a search that say which traces: a limit or a page would leave the rest, which nobody means. */
const CONDITIONS = [
  "service",
  "operation",
  "tag",
  "tags",
  "minDuration",
  "maxDuration",
  "start",
  "end",
  "lookback",
  "q",
];
const DELETE_PARAMS = [...CONDITIONS, "exactTags"];

/**
 * What a search for deletion finds. Stricter than a search, which leaves out what it cannot use: a misspelt or empty
 * condition would delete everything.
 * @throws PermanentError `bad_request`
 */
export function deletionQuery(query: Readonly<Record<string, string>>): TraceQuery {
  for (const [name, text] of Object.entries(query)) {
    if (!DELETE_PARAMS.includes(name)) {
      throw new PermanentError("bad_request", `query.${name}: unknown parameter; known: ${DELETE_PARAMS.join(", ")}`);
    }
    if (text === "") throw new PermanentError("bad_request", `query.${name}: expected a value, found nothing`);
  }
  const parsed = parseTraceqlSearch(new URLSearchParams(query), BigInt(Date.now()) * 1_000_000n);
  if (query.lookback !== undefined && (query.start !== undefined || parsed.startMin === undefined)) {
    throw badParam("query.lookback", query.lookback, "a duration such as 15m, 1h30m or 2d, and no start beside it");
  }
  const isAll = parsed.filter.op === "all" && parsed.spansets === undefined;
  if (isAll && parsed.startMin === undefined && parsed.startMax === undefined) {
    throw new PermanentError("bad_request", `query: expected at least one condition of ${CONDITIONS.join(", ")}`);
  }
  return parsed;
}
