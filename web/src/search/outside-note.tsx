import type { UiSearchResponse } from "../../../src/query/ui/api-types.ts";
import { counted } from "../format/count.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { atAnyTime, type SearchParams } from "./search-params.ts";

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
