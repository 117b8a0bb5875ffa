import { useQuery } from "@tanstack/react-query";
import { Button } from "../../ui/button.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import type { SearchParams } from "../params/search-params.ts";
import { heatQuery, type SearchRange } from "../params/search-query.ts";
import { HeatPlot } from "./heat-plot.tsx";
import styles from "./heat-section.module.css";
import { selectionText, withoutSelection } from "./heat-selection.ts";

/** The heat map of a search, and what of it was selected. `range` is that of the results. */
export function HeatSection({
  params,
  range,
  onParams,
}: {
  readonly params: SearchParams;
  readonly range: SearchRange;
  readonly onParams: (params: SearchParams) => void;
}) {
  const heat = useQuery(heatQuery(params, range));
  const selection = selectionText(params, Date.now());
  return (
    <>
      {heat.data !== undefined && heat.data.traces > 0 && (
        <HeatPlot map={heat.data} stale={heat.isPlaceholderData} params={params} onParams={onParams} />
      )}
      {heat.isPending && (
        <div className={styles.waiting} role="status" aria-label="Drawing all traces over time">
          <Skeleton />
        </div>
      )}
      {heat.isError && <p className="muted">No picture of all traces over time: {heat.error.message}</p>}
      {heat.data?.complete === false && (
        <p className="muted">The picture lacks the part that was not looked at: the time for it was up.</p>
      )}
      {selection !== undefined && (
        <div className={styles.selection}>
          <span>{selection}</span>
          <Button onClick={() => onParams(withoutSelection(params))}>Show all</Button>
        </div>
      )}
    </>
  );
}
