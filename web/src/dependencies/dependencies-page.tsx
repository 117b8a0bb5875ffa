import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { DAY_MS } from "../../../src/model/time.ts";
import { dependenciesQuery } from "../api/queries.ts";
import { useServices } from "../api/use-services.ts";
import { lookbackMs, lookbackWords } from "../format/lookback.ts";
import { FirstSpan } from "../search/first-span.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { Button } from "../ui/button.tsx";
import { EmptyNote } from "../ui/empty-note.tsx";
import { LookbackSelect } from "../ui/lookback-select.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page, PageHead } from "../ui/page.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { PageSkeleton } from "../ui/skeleton.tsx";
import { DependencyGraph } from "./dependency-graph.tsx";
import { DependencyTable } from "./dependency-table.tsx";

const route = getRouteApi("/dependencies");
const DEFAULT_DEPENDENCY_LOOKBACK = "24h";
const VIEWS = [
  { value: "graph", title: "Graph" },
  { value: "table", title: "Table" },
] as const;

/** Which service calls which: as a graph, or as a table with the same figures. */
export function DependenciesPage() {
  usePageTitle("Map");
  const { lookback = DEFAULT_DEPENDENCY_LOOKBACK, view } = route.useSearch();
  const navigate = route.useNavigate();
  const answer = useQuery(dependenciesQuery(lookbackMs(lookback) ?? DAY_MS));
  const { storeEmpty } = useServices();
  const links = answer.data?.links ?? [];
  const look = (next: string) =>
    void navigate({ search: { lookback: next, ...(view !== undefined && { view }) }, replace: true });
  const show = (next: "graph" | "table") =>
    void navigate({ search: { lookback, ...(next === "table" && { view: "table" as const }) }, replace: true });
  return (
    <Page wide>
      <PageHead title="Service map">
        <LookbackSelect value={lookback} onChange={look} />
        <Segmented label="Show as" options={VIEWS} chosen={view ?? "graph"} onChoose={show} />
      </PageHead>
      {answer.isError && (
        <Notice tone="error" title="The calls between services could not be loaded">
          {answer.error.message}
        </Notice>
      )}
      {answer.isPending && <PageSkeleton />}
      {storeEmpty && links.length === 0 && <FirstSpan />}
      {!storeEmpty && answer.data !== undefined && links.length === 0 && (
        <EmptyNote>
          <p>No service called another {lookbackWords(lookback)}.</p>
          {lookback !== "all" && <Button onClick={() => look("all")}>Show any time</Button>}
        </EmptyNote>
      )}
      {links.length > 0 && (view === "table" ? <DependencyTable links={links} /> : <DependencyGraph links={links} />)}
    </Page>
  );
}
