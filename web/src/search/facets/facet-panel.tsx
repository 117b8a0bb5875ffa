import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { UiFacetsResponse } from "../../../../src/query/ui/facets/facet-types.ts";
import { formatCount } from "../../format/count.ts";
import { formatAbsolute, nanoToMs } from "../../format/time.ts";
import { Button } from "../../ui/button.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { conditionsOfSearch } from "../params/refine.ts";
import type { SearchParams } from "../params/search-params.ts";
import type { SearchRange } from "../params/search-query.ts";
import styles from "./facet-panel.module.css";
import { FacetSection } from "./facet-section.tsx";
import { facetsQuery, MOST_FACETS } from "./facets-query.ts";

/** Attributes that are shown at once; the rest on demand, or by their names. */
const FIRST = 10;

/** What the matching spans of a search say, counted over all its traces; a press includes or excludes a value. */
export function FacetPanel({
  params,
  range,
  onParams,
}: {
  readonly params: SearchParams;
  readonly range: SearchRange;
  readonly onParams: (params: SearchParams) => void;
}) {
  const found = useQuery(facetsQuery(params, range));
  const [filter, setFilter] = useState("");
  const [all, setAll] = useState(false);
  const needle = filter.trim().toLowerCase();
  const facets = pinned(found.data?.facets ?? []).filter(({ field }) => field.toLowerCase().includes(needle));
  const shown = all || needle !== "" ? facets : facets.slice(0, FIRST);
  const conditions = conditionsOfSearch(params);
  if (found.data !== undefined && found.data.facets.length === 0) return null;
  return (
    <section className={styles.facets} aria-labelledby="facets-title" data-stale={found.isPlaceholderData}>
      <h2 id="facets-title">Attributes</h2>
      {found.isPending && <Skeleton />}
      {found.isError && <p className="muted">No counts of attributes: {found.error.message}</p>}
      {found.data !== undefined && (
        <>
          <p className={styles.note}>{coverage(found.data)}</p>
          <p className={styles.note}>
            A press on a value leaves only spans that have it; − leaves out these spans. A trace stays while a span of
            it matches.
          </p>
          {found.data.facets.length > FIRST && (
            <input
              type="search"
              aria-label="Filter attributes"
              placeholder="Filter attributes"
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
            />
          )}
        </>
      )}
      {shown.map((facet) => (
        <FacetSection
          key={facet.field}
          facet={facet}
          field={fieldIn(found.data?.facets ?? [], facet.field)}
          of={found.data?.traces ?? 0}
          conditions={conditions}
          params={params}
          range={range}
          onParams={onParams}
        />
      ))}
      {facets.length > shown.length && (
        <Button onClick={() => setAll(true)}>{formatCount(facets.length - shown.length)} more attributes</Button>
      )}
      {found.data !== undefined && facets.length === 0 && <p className="muted">No attribute has that in its name.</p>}
    </section>
  );
}

/** Without its scope, which a form shows too, where no matching span has the key in the other. */
function fieldIn(facets: UiFacetsResponse["facets"], field: string): string {
  const [, scope, key] = /^(span|resource)(\..+)$/s.exec(field) ?? [];
  if (key === undefined || field === PINNED[0] || facets.length >= MOST_FACETS) return field;
  const other = `${scope === "span" ? "resource" : "span"}${key}`;
  return facets.some((one) => one.field === other) ? field : key;
}

const PINNED = ["resource.service.name", "name", "status"];

/** Those that every search asks for stand first. */
function pinned(facets: UiFacetsResponse["facets"]): UiFacetsResponse["facets"] {
  const place = (field: string) => (PINNED.indexOf(field) + PINNED.length + 1) % (PINNED.length + 1);
  return facets.toSorted((a, b) => place(a.field) - place(b.field));
}

/** What the counts are of. */
function coverage({ traces, complete, reason, searchedBackToUnixNano: backTo }: UiFacetsResponse): string {
  const means = "a trace counts where a matching span has the value";
  const number = formatCount(traces);
  if (complete) return `In ${traces === 1 ? "the one" : `all ${number}`} of the matching traces; ${means}.`;
  if (backTo === undefined)
    return `In ${number} of the matching traces: ${reason ?? "something is lacking"}; ${means}.`;
  const since = formatAbsolute(nanoToMs(backTo)).slice(0, -4);
  return `In the newest ${number} of the matching traces, since ${since}: time was up; ${means}.`;
}
