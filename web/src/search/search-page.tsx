import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useServices } from "../api/use-services.ts";
import { formatAddress } from "../shell/address.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { Button } from "../ui/button.tsx";
import { FacetPanel } from "./facets/facet-panel.tsx";
import { FirstSpan } from "./first-span.tsx";
import { withText } from "./params/query-draft.ts";
import { type SearchParams, timeRange } from "./params/search-params.ts";
import { searchQuery } from "./params/search-query.ts";
import { QueryBar } from "./query/query-bar.tsx";
import { CopySearch } from "./saved/copy-menu.tsx";
import { PinnedSearches, SearchesMenu } from "./saved/searches-menu.tsx";
import { useKeptSearches } from "./saved/use-kept-searches.ts";
import { SearchForm } from "./search-form.tsx";
import styles from "./search-page.module.css";
import { SearchResults } from "./search-results.tsx";
import { useSearchDraft } from "./use-search-draft.ts";

const route = getRouteApi("/search");
const POLL_MS = 2_000;

/** Search: the query over all, the form and what was found below it; the address holds all of its state. */
export function SearchPage() {
  usePageTitle("Search");
  const params = route.useSearch();
  const navigate = route.useNavigate();
  // What came back empty is asked again and again, so the first span turns the page into results. Each question by
  // itself: one may have been answered just before that span, the other just after.
  const { services, storeEmpty } = useServices();
  const results = useInfiniteQuery({
    ...searchQuery(params),
    refetchInterval: (query) => {
      const first = query.state.data?.pages[0]?.page;
      return first?.complete === true && first.traces.length === 0 && params.end === undefined ? POLL_MS : false;
    },
  });
  const found = results.data?.pages.some(({ page }) => page.traces.length > 0) === true;
  const range = results.data?.pages[0]?.range;
  const typedRange = useMemo(() => timeRange(params, Date.now()), [params]);
  const address = formatAddress({ ...params }).slice(1);
  const kept = useKeptSearches(address, found);
  const { draft, change, submit, reset } = useSearchDraft(params, (next) => {
    if (JSON.stringify(next) === JSON.stringify(params)) void results.refetch();
    else void navigate({ search: next });
  });
  const onSelect = (next: SearchParams) => void navigate({ search: next });

  return (
    <div className={styles.page}>
      <h1 className="visually-hidden">Search traces</h1>
      <div className={styles.query}>
        <QueryBar
          text={draft.text}
          fault={draft.fault}
          range={typedRange}
          onText={(text) => change((before) => withText(before, text))}
          onSubmit={submit}
        >
          <Button primary onClick={submit}>
            Run query
          </Button>
          <SearchesMenu address={address} kept={kept.searches} lost={kept.lost} onKept={kept.keep} />
          <CopySearch params={params} />
        </QueryBar>
        <PinnedSearches kept={kept.searches} address={address} />
      </div>
      <SearchForm
        draft={draft}
        services={services.data?.services ?? []}
        busy={results.isFetching}
        onDraft={change}
        onSearch={submit}
        onReset={reset}
      />
      <div className={styles.results}>
        {storeEmpty && !found ? (
          <FirstSpan />
        ) : (
          <SearchResults
            params={params}
            results={results}
            onParams={(next) => void navigate({ search: next, replace: true })}
            onSelect={onSelect}
          />
        )}
      </div>
      <div className={styles.facets}>
        {found && range !== undefined && <FacetPanel params={params} range={range} onParams={onSelect} />}
      </div>
    </div>
  );
}
