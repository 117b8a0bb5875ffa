import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "../../ui/button.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import type { SearchParams } from "../params/search-params.ts";
import { heatQuery, type SearchRange } from "../params/search-query.ts";
import { HeatPlot } from "./heat-plot.tsx";
import styles from "./heat-section.module.css";
import { selectionText, withoutSelection } from "./heat-selection.ts";

/** What a heat map shows: whether of it something was selected, and of how many traces how many failed, once known. */
interface HeatSeen {
  readonly isSelection: boolean;
  readonly failed: number | undefined;
  readonly traces: number | undefined;
}

/** The heat map of a search, and what of it was selected. `range` is that of the results. */
export function HeatSection({
  params,
  range,
  onParams,
  children,
}: {
  readonly params: SearchParams;
  readonly range: SearchRange;
  readonly onParams: (params: SearchParams) => void;
  /** What else can be asked about what the map shows. */
  readonly children: (seen: HeatSeen) => ReactNode;
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
      <div className={styles.selection}>
        {selection !== undefined && (
          <>
            <span>{selection}</span>
            <Button onClick={() => onParams(withoutSelection(params))}>Show all</Button>
          </>
        )}
        {children({ isSelection: selection !== undefined, failed: heat.data?.failed, traces: heat.data?.traces })}
      </div>
    </>
  );
}
