import type { UiSearchResponse } from "../../../../src/query/ui/api-types.ts";
import { counted, formatCount } from "../../format/count.ts";

export type Total = NonNullable<UiSearchResponse["total"]>;

/** What the heading of the results says: how many match, where that is known; else how many are shown. */
export function countText(shown: number, more: boolean, total: Total | undefined): string {
  if (shown === 0) return "No traces";
  if (!more) return counted(shown, "trace");
  if (total === undefined) return `First ${counted(shown, "trace")}`;
  return total.exact ? counted(total.traces, "trace") : `At least ${counted(total.traces, "trace")}`;
}

/** How many of them are shown, where that is not all. */
export function shownText(shown: number, more: boolean, total: Total | undefined): string {
  return more && total !== undefined ? `${formatCount(shown)} shown` : "";
}
