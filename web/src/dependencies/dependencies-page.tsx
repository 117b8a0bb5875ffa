import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { dependenciesQuery } from "../api/queries.ts";
import { useServices } from "../api/use-services.ts";
import { lookbackMs, lookbackWords } from "../format/lookback.ts";
import { FirstSpan } from "../search/first-span.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { LookbackSelect } from "../ui/lookback-select.tsx";
import { Notice } from "../ui/notice.tsx";
import { DependencyGraph } from "./dependency-graph.tsx";
import { DependencyTable } from "./dependency-table.tsx";

const route = getRouteApi("/dependencies");
const DEFAULT_DEPENDENCY_LOOKBACK = "24h";

/** Which service calls which: as a graph, or as a table with the same figures. */
export function DependenciesPage() {
  usePageTitle("Map");
  const { lookback = DEFAULT_DEPENDENCY_LOOKBACK, view } = route.useSearch();
  const navigate = route.useNavigate();
  const answer = useQuery(dependenciesQuery(lookbackMs(lookback) ?? 86_400_000));
  const { storeEmpty } = useServices();
  const links = answer.data?.links ?? [];
  const look = (next: string) =>
    void navigate({ search: { lookback: next, ...(view !== undefined && { view }) }, replace: true });
  const show = (next: "graph" | "table") =>
    void navigate({ search: { lookback, ...(next === "table" && { view: "table" as const }) }, replace: true });
  return (
    <div className="page wide">
      <div className="page-head">
        <h1>Service map</h1>
        <LookbackSelect value={lookback} onChange={look} />
        <fieldset className="segmented">
          <legend className="visually-hidden">Show as</legend>
          <button type="button" aria-pressed={view === undefined} onClick={() => show("graph")}>
            Graph
          </button>
          <button type="button" aria-pressed={view === "table"} onClick={() => show("table")}>
            Table
          </button>
        </fieldset>
      </div>
      {answer.isError && (
        <Notice tone="error" title="The calls between services could not be loaded">
          {answer.error.message}
        </Notice>
      )}
      {answer.isPending && <div className="skeleton page-skeleton" role="status" aria-label="Loading" />}
      {storeEmpty && links.length === 0 && <FirstSpan />}
      {!storeEmpty && answer.data !== undefined && links.length === 0 && (
        <div className="no-match">
          <p>No service called another {lookbackWords(lookback)}.</p>
          {lookback !== "all" && (
            <button type="button" className="button" onClick={() => look("all")}>
              Show any time
            </button>
          )}
        </div>
      )}
      {links.length > 0 && (view === "table" ? <DependencyTable links={links} /> : <DependencyGraph links={links} />)}
    </div>
  );
}
