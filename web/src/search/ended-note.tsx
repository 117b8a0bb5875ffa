import type { UiSearchResponse } from "../../../src/query/ui/api-types.ts";
import { counted } from "../format/count.ts";
import { formatAbsolute, nanoToMs } from "../format/time.ts";
import type { ResultSort } from "./search-params.ts";

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
