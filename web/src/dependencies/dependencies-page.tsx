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
import { foundServices } from "./map-marks.ts";
import { MapPanel } from "./map-panel.tsx";
import { type MapParams, withOpen, withShown } from "./map-params.ts";
import { GroupsOfPage } from "./model/groups-of-page.ts";
import { type MapLink, serviceNames } from "./model/map-figures.ts";
import { cardOf, MOST_CARDS, type ShownMap, shownMap } from "./model/service-groups.ts";
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
  const shown = useMemo(
    () =>
      shownMap(all, { near, all: params.all === "true", open: params.expand, isOther: (name) => externals.has(name) }),
    [all, near, params.all, params.expand, externals],
  );
  const names = useMemo(() => namesOn(shown), [shown]);
  const total = useMemo(() => serviceNames(all).length, [all]);
  const systems = useMemo(() => names.filter((name) => externals.has(name)).length, [names, externals]);
  const found = useMemo(() => foundServices(names, params.find), [names, params.find]);
  const change = useCallback(
    (next: (before: MapParams) => MapParams) => void navigate({ search: next, replace: true }),
    [navigate],
  );
  const look = (next: string) => change((before) => withShown(before, { lookback: next }));
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
        <MapStatus
          {...{ params, shown, found, total, systems, change }}
          names={names.length}
          connections={all.length}
        />
      )}
      {all.length > 0 && (
        <ExternalsOfPage value={externals}>
          <GroupsOfPage value={shown.groups}>
            <Picture {...{ params, lookback, all, shown, found, change }} />
          </GroupsOfPage>
        </ExternalsOfPage>
      )}
      <ExternalNote answer={seen} error={params.external === "hide" ? null : external.error} />
    </Page>
  );
}

/** What is shown of how much, and the way to the rest. */
function MapStatus({
  params: { near, all, expand, lookback },
  shown,
  found,
  names,
  total,
  connections,
  systems,
  change,
}: {
  readonly params: MapParams;
  readonly shown: ShownMap;
  readonly found: readonly string[] | undefined;
  /** How many are shown, and how many there are. */
  readonly names: number;
  readonly total: number;
  readonly connections: number;
  readonly systems: number;
  readonly change: (next: (before: MapParams) => MapParams) => void;
}) {
  const show = (next: Parameters<typeof withShown>[1]) =>
    change((before) => withShown(before, { ...(lookback !== undefined && { lookback }), ...next }));
  const apart = near === undefined && total > MOST_CARDS && (all === "true" || expand !== undefined);
  return (
    <p className="muted" role="status">
      {found !== undefined && `${found.length} of ${names} services found. `}
      {shownWords(shown, total, connections, near, systems)}{" "}
      {(shown.services < total || shown.groups.size > 0) && (
        <LinkButton onClick={() => show(near === undefined ? { all: "true" } : {})}>Show all {total}</LinkButton>
      )}{" "}
      {apart && <LinkButton onClick={() => show({})}>Group the less busy</LinkButton>}
    </p>
  );
}

/** Every service on the map, in groups or not. */
function namesOn({ links, groups }: ShownMap): readonly string[] {
  return serviceNames(links)
    .flatMap((name) => groups.get(name)?.members ?? [name])
    .sort();
}

/** What of the graph is shown, in words; `systems` of what is shown are no services. */
function shownWords(
  { services, groups }: ShownMap,
  total: number,
  connections: number,
  near: string | undefined,
  systems: number,
): string {
  if (near !== undefined && services < total) return `${near} and its neighbours, ${services} of ${total} services.`;
  const others =
    systems === 0
      ? ""
      : `, ${counted(systems, "database, queue or other system", "databases, queues and other systems")}`;
  const all = `${counted(total - systems, "service")}${others}, ${counted(connections, "connection")}`;
  if (groups.size === 0) return all;
  const grouped = [...groups.values()].reduce((sum, { members }) => sum + members.length, 0);
  return `${all}. The ${grouped} with the fewest calls are in ${counted(groups.size, "group")}.`;
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
  shown: { links, groups },
  found,
  change,
}: {
  readonly params: MapParams;
  readonly lookback: string;
  readonly all: readonly MapLink[];
  readonly shown: ShownMap;
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
  // The map has a group's card in the place of what is open or found in it.
  const [onMapService, onMapFrom, onMapTo] = [service, from, to].map((name) => name && cardOf(groups, name));
  const onMap = useMemo(
    () => openThing({ service: onMapService, from: onMapFrom, to: onMapTo }),
    [onMapService, onMapFrom, onMapTo],
  );
  const foundCards = useMemo(() => found && [...new Set(found.map((name) => cardOf(groups, name)))], [found, groups]);
  const onAt = useCallback(
    (at: string | undefined) => change(({ at: _, ...rest }) => (at === undefined ? rest : { ...rest, at })),
    [change],
  );
  const panel = (beside: "map" | "table") =>
    open !== undefined && <MapPanel {...{ open, links: all, red: series, unit, lookback, beside }} />;
  if (params.view === "table") {
    return (
      <div className={styles.split}>
        <DependencyTable links={groups.size > 0 ? all : links} found={found} lookback={lookback} />
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
          open={onMap}
          found={foundCards}
          at={params.at}
          onAt={onAt}
          onOpen={(call) => void navigate({ search: (before) => withOpen(before, call) })}
        />
        {panel("map")}
      </div>
      <MapNotes longer={range > WEEK_MS} error={red.error} />
    </>
  );
}

/** What colours, labels and figures of the map mean; `longer`: the range is longer than that of the figures. */
function MapNotes({ longer, error }: { readonly longer: boolean; readonly error: Error | null }) {
  return (
    <p className={`muted ${styles.notes}`}>
      <span className={styles.key}>under 1 % failed</span>
      <span className={styles.key} data-level="some">
        from 1 %
      </span>
      <span className={styles.key} data-level="many">
        from 5 %
      </span>
      <span>On lines: the share that failed, or the number of calls. Thicker: more calls.</span>
      {longer && <span>The figures on services are of the last 7 days.</span>}
      {error !== null && (
        <span className="error-text">The figures of services could not be loaded: {error.message}</span>
      )}
    </p>
  );
}

function openThing({ service, from, to }: Readonly<Record<"service" | "from" | "to", string | undefined>>) {
  if (service !== undefined) return { service };
  return from === undefined || to === undefined ? undefined : { from, to };
}
