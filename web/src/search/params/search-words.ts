import { DEFAULT_LOOKBACK, lookbackWords } from "../../format/lookback.ts";
import { formatAbsolute } from "../../format/time.ts";
import { draftOf } from "./query-draft.ts";
import type { SearchParams } from "./search-params.ts";

/** A search as a line of a list. */
export function searchWords(params: SearchParams): string {
  const { minTraceDuration: min, maxTraceDuration: max, sort, start, end, lookback = DEFAULT_LOOKBACK } = params;
  const text = draftOf(params).text;
  const parts = [text === "" ? "Everything" : text];
  if (min !== undefined) parts.push(`traces of ${min} and more`);
  if (max !== undefined) parts.push(`traces of ${max} at most`);
  if (start === undefined && end === undefined) parts.push(lookbackWords(lookback));
  if (start !== undefined) parts.push(`from ${moment(start)}`);
  if (end !== undefined) parts.push(`until ${moment(end)}`);
  if (sort !== undefined && sort !== "recent") parts.push(`${sort} first`);
  return parts.join(", ");
}

function moment(micros: string): string {
  return formatAbsolute(Number(micros) / 1e3).slice(0, -4);
}
