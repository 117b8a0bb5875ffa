import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useCallback, useMemo } from "react";
import { DAY_MS } from "../../../src/model/time.ts";
import { dependenciesQuery, externalCallsQuery, redQuery } from "../api/queries.ts";
import { useServices } from "../api/use-services.ts";
import { counted } from "../format/count.ts";
import { lookbackMs, lookbackWords } from "../format/lookback.ts";
import { rateUnit } from "../format/rate.ts";
import { FirstSpan } from "../search/first-span.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { Button, LinkButton, ToggleButton } from "../ui/button.tsx";
import { EmptyNote } from "../ui/empty-note.tsx";
import { LookbackSelect } from "../ui/lookback-select.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page, PageHead } from "../ui/page.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { PageSkeleton } from "../ui/skeleton.tsx";
import styles from "./dependencies-page.module.css";
import { DependencyTable } from "./dependency-table.tsx";
import { ExternalNote } from "./external-note.tsx";
import { ExternalsOfPage, externalsOf, withExternal } from "./externals.ts";
import { type MapLink, serviceNames, shownLinks } from "./map-figures.ts";
import { foundServices } from "./map-marks.ts";
import { MapPanel } from "./map-panel.tsx";
import { type MapParams, withOpen, withShown } from "./map-params.ts";
import { ServiceMap } from "./service-map.tsx";

const route = getRouteApi("/dependencies");
const DEFAULT_DEPENDENCY_LOOKBACK = "24h";
const WEEK_MS = 7 * DAY_MS;
const NO_LINKS: readonly MapLink[] = [];
const VIEWS = [
  { value: "graph", title: "Graph" },
  { value: "table", title: "Table" },
] as const;

/** Which service calls which: as a graph, or as a table with the same figures. */
export function DependenciesPage() {
  usePageTitle("Map");
  const params = route.useSearch();
  const navigate = route.useNavigate();
  const { lookback = DEFAULT_DEPENDENCY_LOOKBACK, near } = params;
  const answer = useQuery(dependenciesQuery(lookbackMs(lookback) ?? DAY_MS));
  const { storeEmpty } = useServices();
  const calls = answer.data?.links ?? NO_LINKS;
  const external = useQuery({
    ...externalCallsQuery(lookbackMs(lookback) ?? DAY_MS),
    enabled: params.external !== "hide",
  });
  const seen = params.external === "hide" ? undefined : external.data;
  const externals = useMemo(() => externalsOf(seen), [seen]);
  const all = useMemo(() => withExternal(calls, seen), [calls, seen]);
  const shown = useMemo(() => shownLinks(all, near, params.all === "true"), [all, near, params.all]);
  const names = useMemo(() => serviceNames(shown.links), [shown]);
  const total = useMemo(() => serviceNames(all).length, [all]);
  const systems = useMemo(() => names.filter((name) => externals.has(name)).length, [names, externals]);
  const found = useMemo(() => foundServices(names, params.find), [names, params.find]);
  const change = useCallback(
    (next: (before: MapParams) => MapParams) => void navigate({ search: next, replace: true }),
    [navigate],
  );
  const look = (next: string) => change((before) => withShown(before, { lookback: next }));
  const showAll = () =>
    change((before) => withShown(before, { lookback, ...(near === undefined && { all: "true" as const }) }));
  return (
    <Page wide="full">
      <MapHead {...{ params, lookback, found, change, look }} withFind={all.length > 0} />
      {answer.isError && (
        <Notice tone="error" title="The calls between services could not be loaded">
          {answer.error.message}
        </Notice>
      )}
      {answer.isPending && <PageSkeleton />}
      {storeEmpty && all.length === 0 && <FirstSpan />}
      {!storeEmpty && answer.data !== undefined && all.length === 0 && (
        <EmptyNote>
          <p>No service called another {lookbackWords(lookback)}.</p>
          {lookback !== "all" && <Button onClick={() => look("all")}>Show any time</Button>}
        </EmptyNote>
      )}
      {all.length > 0 && (
        <p className="muted" role="status">
          {found !== undefined && `${found.length} of ${names.length} services found. `}
          {shownWords(shown.services, total, all.length, near, systems)}{" "}
          {shown.services < total && <LinkButton onClick={showAll}>Show all {total}</LinkButton>}
        </p>
      )}
      {all.length > 0 && (
        <ExternalsOfPage value={externals}>
          <Picture {...{ params, lookback, all, links: shown.links, found, change }} />
        </ExternalsOfPage>
      )}
      <ExternalNote answer={seen} error={params.external === "hide" ? null : external.error} />
    </Page>
  );
}

/** What of the graph is shown, in words; `systems` of what is shown are no services. */
function shownWords(
  services: number,
  total: number,
  connections: number,
  near: string | undefined,
  systems: number,
): string {
  if (services === total) {
    const others =
      systems === 0
        ? ""
        : `, ${counted(systems, "database, queue or other system", "databases, queues and other systems")}`;
    return `${counted(total - systems, "service")}${others}, ${counted(connections, "connection")}`;
  }
  if (near !== undefined) return `${near} and its neighbours, ${services} of ${total} services.`;
  return `${services} of ${total} services: those that take part in most calls.`;
}

/** The title, and what is looked for, how far back and as what. */
function MapHead({
  params,
  lookback,
  found,
  change,
  look,
  withFind,
}: {
  readonly params: MapParams;
  readonly lookback: string;
  readonly found: readonly string[] | undefined;
  readonly change: (next: (before: MapParams) => MapParams) => void;
  readonly look: (lookback: string) => void;
  readonly withFind: boolean;
}) {
  const navigate = route.useNavigate();
  const find = (text: string) => change(({ find: _, ...rest }) => (text === "" ? rest : { ...rest, find: text }));
  const openFirst = (event: FormEvent) => {
    event.preventDefault();
    const [service] = found ?? [];
    if (service !== undefined) void navigate({ search: (before) => withOpen(before, { service }) });
  };
  return (
    <PageHead title="Service map">
      {withFind && (
        <form className={styles.find} onSubmit={openFirst}>
          <input
            type="text"
            aria-label="Find a service"
            placeholder="Find a service"
            value={params.find ?? ""}
            onChange={(event) => find(event.target.value)}
          />
        </form>
      )}
      {withFind && (
        <ToggleButton
          pressed={params.external !== "hide"}
          title="Databases, queues and others that send no spans"
          onPress={() =>
            change(({ external, at: _, ...rest }) => (external === "hide" ? rest : { ...rest, external: "hide" }))
          }
        >
          External systems
        </ToggleButton>
      )}
      <LookbackSelect value={lookback} onChange={look} />
      <Segmented
        label="Show as"
        options={VIEWS}
        chosen={params.view ?? "graph"}
        onChoose={(next) => change(({ view: _, ...rest }) => (next === "table" ? { ...rest, view: "table" } : rest))}
      />
    </PageHead>
  );
}

function Picture({
  params,
  lookback,
  all,
  links,
  found,
  change,
}: {
  readonly params: MapParams;
  readonly lookback: string;
  readonly all: readonly MapLink[];
  readonly links: readonly MapLink[];
  readonly found: readonly string[] | undefined;
  readonly change: (next: (before: MapParams) => MapParams) => void;
}) {
  const navigate = route.useNavigate();
  const range = lookbackMs(lookback) ?? DAY_MS;
  const red = useQuery(redQuery(Math.min(range, WEEK_MS)));
  const series = useMemo(() => new Map(red.data?.services.map((one) => [one.service, one])), [red.data]);
  const unit = rateUnit((red.data?.services ?? []).reduce((most, one) => Math.max(most, one.ratePerSecond), 0));
  const { service, from, to } = params;
  const open = useMemo(() => openThing({ service, from, to }), [service, from, to]);
  const onAt = useCallback(
    (at: string | undefined) => change(({ at: _, ...rest }) => (at === undefined ? rest : { ...rest, at })),
    [change],
  );
  const panel = (beside: "map" | "table") =>
    open !== undefined && <MapPanel {...{ open, links: all, red: series, unit, lookback, beside }} />;
  if (params.view === "table") {
    return (
      <div className={styles.split}>
        <DependencyTable links={links} found={found} lookback={lookback} />
        {panel("table")}
      </div>
    );
  }
  return (
    <>
      <div className={styles.area}>
        <ServiceMap
          links={links}
          red={series}
          unit={unit}
          open={open}
          found={found}
          at={params.at}
          onAt={onAt}
          onOpen={(call) => void navigate({ search: (before) => withOpen(before, call) })}
        />
        {panel("map")}
      </div>
      <p className={`muted ${styles.notes}`}>
        <span className={styles.key}>under 1 % failed</span>
        <span className={styles.key} data-level="some">
          from 1 %
        </span>
        <span className={styles.key} data-level="many">
          from 5 %
        </span>
        <span>On lines: the share that failed, or the number of calls. Thicker: more calls.</span>
        {range > WEEK_MS && <span>The figures on services are of the last 7 days.</span>}
        {red.isError && (
          <span className="error-text">The figures of services could not be loaded: {red.error.message}</span>
        )}
      </p>
    </>
  );
}

function openThing({ service, from, to }: Readonly<Record<"service" | "from" | "to", string | undefined>>) {
  if (service !== undefined) return { service };
  return from === undefined || to === undefined ? undefined : { from, to };
}
