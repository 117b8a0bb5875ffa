import type { UiSearchResponse } from "../../../../src/query/ui/api-types.ts";
import { counted } from "../../format/count.ts";
import { formatAbsolute, nanoToMs } from "../../format/time.ts";
import { Button } from "../../ui/button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { atAnyTime, type ResultSort, type SearchParams } from "../params/search-params.ts";

/** Says how many matches came in the time range and began outside of it, as those of a wrong clock do. */
export function OutsideNote({
  outside,
  params,
  onParams,
}: {
  readonly outside: UiSearchResponse["outside"];
  readonly params: SearchParams;
  readonly onParams: (params: SearchParams) => void;
}) {
  if (outside === undefined || outside.before + outside.after === 0) return null;
  const { before, after, exact } = outside;
  const spans = counted(before + after, "matching span");
  const parts = [...(before > 0 ? [`${before} before it`] : []), ...(after > 0 ? [`${after} after it`] : [])];
  return (
    <Notice
      tone="info"
      title={`${exact ? "" : "At least "}${spans} came in this time range and began outside of it`}
      action={<Button onClick={() => onParams(atAnyTime(params))}>Search any time</Button>}
    >
      {parts.join(", ")}: a clock is wrong, or old spans were sent.
    </Notice>
  );
}

/** Says how far a search went whose time was up, and what the order is then of. */
export function EndedNote({ page, sort }: { readonly page: UiSearchResponse; readonly sort: ResultSort }) {
  if (page.searchedBackToUnixNano === undefined) return null;
  const since = formatAbsolute(nanoToMs(page.searchedBackToUnixNano));
  const looked = counted(page.total?.traces ?? page.traces.length, "trace");
  const narrower = "A service or a shorter look-back makes it faster.";
  return (
    <p className="muted">
      {sort === "recent"
        ? `Everything since ${since} was looked at; older traces may match too. `
        : `Ordered among the ${looked} since ${since}: time was up, and older ones were not looked at. `}
      {narrower}
    </p>
  );
}
