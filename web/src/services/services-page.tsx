import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { DAY_MS } from "../../../src/model/time.ts";
import { dependenciesQuery, redQuery, registryQuery } from "../api/queries.ts";
import { useServices } from "../api/use-services.ts";
import { DEFAULT_LOOKBACK, lookbackMs } from "../format/lookback.ts";
import { rateUnit } from "../format/rate.ts";
import { FirstSpan } from "../search/first-span.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { EmptyNote } from "../ui/empty-note.tsx";
import { LookbackSelect } from "../ui/lookback-select.tsx";
import { Notice } from "../ui/notice.tsx";
import { Page, PageHead } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/skeleton.tsx";
import { SortedRedTable } from "./red-table.tsx";
import { ServiceEntry } from "./service-entry.tsx";
import { serviceRows, sortFigures, unscaledNote } from "./service-rows.ts";
import styles from "./services-page.module.css";
import { sortOf, withFilter, withFlipped, withSort } from "./services-params.ts";
import { useChanges } from "./use-changes.ts";
import { WhatChanged } from "./what-changed.tsx";

const WEEK_MS = 7 * DAY_MS;

/** Every service: how often it is called, how often that fails and how long it takes, by operation where opened. */
export function ServicesPage() {
  usePageTitle("Services");
  const params = useSearch({ from: "/monitor" });
  // Rates go back so far; a link may ask for more.
  const wanted = params.lookback ?? DEFAULT_LOOKBACK;
  const lookback = (lookbackMs(wanted) ?? 0) > WEEK_MS ? "7d" : wanted;
  // The address follows a keystroke later than the field has to.
  const [filter, setFilter] = useState(params.filter ?? "");
  const sort = sortOf(params);
  const flipped = new Set(params.toggled);
  const navigate = useNavigate({ from: "/monitor" });
  const range = Math.min(lookbackMs(lookback) ?? WEEK_MS, WEEK_MS);
  const { services, storeEmpty } = useServices();
  const red = useQuery(redQuery(range));
  const calls = useQuery(dependenciesQuery(range));
  const registry = useQuery(registryQuery);
  const changes = useChanges(red.data);
  const needle = filter.trim().toLowerCase();
  const all = serviceRows(
    services.data?.services ?? [],
    red.data?.services ?? [],
    calls.data?.links ?? [],
    registry.data?.services ?? [],
    range / 1000,
  );
  const rows = all.filter(
    (row) =>
      row.name.toLowerCase().includes(needle) || row.operations.some((o) => o.name.toLowerCase().includes(needle)),
  );
  const unit = rateUnit(all.reduce((most, row) => Math.max(most, row.ratePerSecond), 0));
  const unscaled = unscaledNote(all);
  const problem = [services, red, calls].find((query) => query.isError)?.error;
  const loading = services.isPending || red.isPending;

  return (
    <Page wide>
      <PageHead title="Services">
        <input
          type="text"
          className={styles.filter}
          aria-label="Filter services and operations"
          placeholder="Filter services and operations"
          value={filter}
          onChange={(event) => {
            setFilter(event.target.value);
            void navigate({ search: withFilter(params, event.target.value), replace: true });
          }}
        />
        <LookbackSelect
          value={lookback}
          longestMs={WEEK_MS}
          onChange={(next) =>
            void navigate({
              search: (before) => {
                const { lookback: _old, ...rest } = before;
                return next === DEFAULT_LOOKBACK ? rest : { ...rest, lookback: next };
              },
            })
          }
        />
      </PageHead>
      {problem !== undefined && problem !== null && (
        <Notice tone="error" title="The services could not be loaded">
          {problem.message}
        </Notice>
      )}
      {loading && problem === undefined && <PageSkeleton />}
      {storeEmpty && all.length === 0 && <FirstSpan />}
      {all.length > 0 && rows.length === 0 && (
        <EmptyNote>
          <p>No service or operation matches.</p>
        </EmptyNote>
      )}
      {all.length > 0 && changes.known && (
        <WhatChanged
          services={all.map(({ name }) => ({ name, changes: changes.of(name) }))}
          lookback={lookback}
          comparable={changes.comparable}
        />
      )}
      {!loading && rows.length > 0 && (
        <SortedRedTable
          of="Service"
          sort={sort}
          onSort={(next) => void navigate({ search: withSort(params, next), replace: true })}
        >
          {sortFigures(rows, sort).map((row) => {
            const usual = needle !== "" && !row.name.toLowerCase().includes(needle);
            return (
              <ServiceEntry
                key={row.name}
                row={row}
                changes={changes.of(row.name)}
                open={usual !== flipped.has(row.name)}
                onToggle={() => void navigate({ search: withFlipped(params, row.name), replace: true })}
                needle={needle}
                sort={sort}
                lookback={lookback}
                lookbackMs={range}
                stepMs={red.data?.stepMs ?? range}
                unit={unit}
                nowMs={registry.data?.nowMs ?? 0}
              />
            );
          })}
        </SortedRedTable>
      )}
      {!loading && rows.some((row) => row.source === "calls") && (
        <p className="muted">
          Without p50 to p99: the store has no aggregates of these services in this range; their figures are counted
          from calls of others.
        </p>
      )}
      {!loading && unscaled !== undefined && rows.length > 0 && <p className="muted">{unscaled}</p>}
    </Page>
  );
}
