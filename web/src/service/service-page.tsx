import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { DAY_MS } from "../../../src/model/time.ts";
import type { UiRedSeries } from "../../../src/query/ui/api-types.ts";
import { dependenciesQuery, redQuery, registryQuery } from "../api/queries.ts";
import { useServices } from "../api/use-services.ts";
import { DEFAULT_LOOKBACK, lookbackMs, lookbackWords } from "../format/lookback.ts";
import { InstanceList } from "../services/instance-list.tsx";
import { useChanges } from "../services/use-changes.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { buttonClass } from "../ui/button.tsx";
import { EmptyNote } from "../ui/empty-note.tsx";
import { LookbackSelect } from "../ui/lookback-select.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page } from "../ui/page.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { useServiceLooks } from "../ui/service/service-looks.ts";
import { ServiceSwatch } from "../ui/service/service-swatch.tsx";
import { PageSkeleton } from "../ui/skeleton.tsx";
import { chartFigures } from "./chart-figures.ts";
import { type Exemplar, exemplarsQuery, slowFrom } from "./exemplars.ts";
import { FiguresTable } from "./figures-table.tsx";
import { KeyFigures } from "./key-figures.tsx";
import { NeighbourTable } from "./neighbour-table.tsx";
import { ServiceOperations } from "./service-operations.tsx";
import styles from "./service-page.module.css";

const route = getRouteApi("/services/$name");
const WEEK_MS = 7 * DAY_MS;
const NONE: readonly Exemplar[] = [];

const ServiceCharts = lazy(async () => ({ default: (await import("./service-charts.tsx")).ServiceCharts }));

/** One service: what it did over time, and what changed; its operations, who calls it and whom it calls, its copies. */
export function ServicePage() {
  const { name } = route.useParams();
  const params = route.useSearch();
  usePageTitle(name);
  const wanted = params.lookback ?? DEFAULT_LOOKBACK;
  const lookback = (lookbackMs(wanted) ?? Number.POSITIVE_INFINITY) > WEEK_MS ? "7d" : wanted;
  const range = lookbackMs(lookback) ?? WEEK_MS;
  const all = useQuery(redQuery(range));
  const red = useQuery(redQuery(range, name));
  const calls = useQuery(dependenciesQuery(range));
  const registry = useQuery(registryQuery);
  const { services } = useServices();
  const known = services.data?.services.find((service) => service.name === name);
  const instances = registry.data?.services.find((service) => service.name === name)?.instances ?? [];
  const links = calls.data?.links ?? [];
  const problem = all.error ?? red.error ?? calls.error;
  if (all.isPending || red.isPending)
    return <Page wide>{problem === null ? <PageSkeleton /> : <Problem message={problem.message} />}</Page>;
  // By the requests that it answers, as on the page of all; its operations are of every kind.
  const service = all.data?.services.find((series) => series.service === name);
  const response = params.operation === undefined ? all.data : red.data;
  const shown = params.operation === undefined ? service : shownOperation(red.data?.operations ?? [], params);
  return (
    <Page wide>
      <Head name={name} lookback={lookback} />
      {problem !== null && <Problem message={problem.message} />}
      {response !== undefined && shown !== undefined && (
        <Figures name={name} lookback={lookback} response={response} shown={shown} />
      )}
      {response !== undefined && shown === undefined && (
        <EmptyNote>
          <p>
            {params.operation === undefined
              ? `No span of ${name} was counted ${lookbackWords(lookback)}.`
              : `No span of ${params.operation} was counted ${lookbackWords(lookback)}.`}
          </p>
        </EmptyNote>
      )}
      <ServiceOperations name={name} known={known?.operations ?? []} response={red.data} params={params} />
      <div className={styles.neighbours}>
        <NeighbourTable
          title="Called by"
          calls={links.filter((call) => call.child === name && call.parent !== name)}
          shown="parent"
          lookback={lookback}
        />
        <NeighbourTable
          title="Calls"
          calls={links.filter((call) => call.parent === name && call.child !== name)}
          shown="child"
          lookback={lookback}
        />
      </div>
      {instances.length > 0 && (
        <section aria-label="Instances">
          <h2>Instances</h2>
          <InstanceList instances={instances} nowMs={registry.data?.nowMs ?? 0} />
        </section>
      )}
    </Page>
  );
}

function Problem({ message }: { readonly message: string }) {
  return (
    <Notice tone="error" title="The service could not be loaded">
      {message}
    </Notice>
  );
}

/** The chosen operation. */
function shownOperation(
  operations: readonly UiRedSeries[],
  { operation, kind }: { readonly operation?: string; readonly kind?: string },
): UiRedSeries | undefined {
  return operations.find(
    (series) => series.operation === operation && (kind === undefined || series.kinds[0] === kind),
  );
}

function Head({ name, lookback }: { readonly name: string; readonly lookback: string }) {
  const lookOf = useServiceLooks();
  const params = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <header className={styles.head}>
      <h1>
        <ServiceSwatch look={lookOf(name)} />
        <bdi>{name}</bdi>
        {params.operation !== undefined && (
          <>
            {" "}
            <bdi className={styles.operation}>{params.operation}</bdi>{" "}
            <Link from="/services/$name" to="." search={({ operation: _, kind: __, ...rest }) => rest} replace>
              all operations
            </Link>
          </>
        )}
      </h1>
      <Link
        to="/search"
        search={{ service: name, ...(params.operation !== undefined && { operation: params.operation }), lookback }}
        className={buttonClass}
      >
        Search traces
      </Link>
      <Link to="/dependencies" search={{ service: name, lookback }} className={buttonClass}>
        On the map
      </Link>
      <Segmented
        label="Figures as"
        options={[
          { value: "charts", title: "Charts" },
          { value: "table", title: "Table" },
        ]}
        chosen={params.view ?? "charts"}
        onChoose={(view) =>
          void navigate({
            search: ({ view: _, ...rest }) => (view === "table" ? { ...rest, view: "table" } : rest),
            replace: true,
          })
        }
      />
      <LookbackSelect
        value={lookback}
        longestMs={WEEK_MS}
        onChange={(next) => void navigate({ search: (before) => ({ ...before, lookback: next }) })}
      />
    </header>
  );
}

function Figures({
  name,
  lookback,
  response,
  shown,
}: {
  readonly name: string;
  readonly lookback: string;
  readonly response: NonNullable<Parameters<typeof useChanges>[0]>;
  readonly shown: UiRedSeries;
}) {
  const { operation, view } = route.useSearch();
  const navigate = route.useNavigate();
  const changes = useChanges(response, operation === undefined ? undefined : name);
  const figures = useMemo(() => chartFigures(response, shown), [response, shown]);
  const exemplars = useQuery(
    exemplarsQuery(
      { service: name, operation, kinds: shown.kinds },
      { startMs: response.startMs, endMs: response.endMs, slowNano: slowFrom(shown.p95Nano) },
    ),
  );
  const onRange = (fromMs: number, toMs: number) =>
    void navigate({
      to: "/search",
      search: {
        service: name,
        ...(operation !== undefined && { operation }),
        lookback: "custom",
        start: String(Math.floor(fromMs) * 1000),
        end: String(Math.ceil(toMs) * 1000),
      },
    });
  return (
    <>
      <KeyFigures
        series={shown}
        changes={operation === undefined ? changes.of(name) : changes.ofOperation(operation, shown.kinds[0] ?? "")}
        comparable={changes.comparable}
        lookback={lookback}
      />
      {view === "table" ? (
        <FiguresTable figures={figures} />
      ) : (
        <Suspense fallback={<PageSkeleton />}>
          <ServiceCharts figures={figures} exemplars={exemplars.data ?? NONE} onRange={onRange} />
        </Suspense>
      )}
    </>
  );
}
