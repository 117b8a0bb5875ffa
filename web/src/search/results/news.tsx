import { useQuery } from "@tanstack/react-query";
import { counted, formatCount } from "../../format/count.ts";
import { Button } from "../../ui/button.tsx";
import type { SearchParams } from "../params/search-params.ts";
import { newsQuery, type SearchRange } from "../params/search-query.ts";

/** How many traces match that did not when the results were listed; a press lists them. `known` matched then. */
export function News({
  params,
  range,
  known,
  onShow,
}: {
  readonly params: SearchParams;
  readonly range: SearchRange;
  readonly known: number;
  readonly onShow: () => void;
}) {
  const news = useQuery(newsQuery(params, range));
  const more = (news.data?.total?.traces ?? 0) - known;
  return (
    <span role="status">
      {more > 0 && (
        <Button onClick={onShow} title={`${counted(more, "trace")} matched since: list them, too`}>
          {formatCount(more)} new
        </Button>
      )}
    </span>
  );
}
