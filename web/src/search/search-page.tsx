import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useServices } from "../api/use-services.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import { FirstSpan } from "./first-span.tsx";
import { searchQuery } from "./params/search-query.ts";
import { SearchForm } from "./search-form.tsx";
import styles from "./search-page.module.css";
import { SearchResults } from "./search-results.tsx";

const route = getRouteApi("/search");
const POLL_MS = 2_000;

/** Search: the form on the left, what it found on the right; the address holds all of its state. */
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

  return (
    <div className={styles.page}>
      <h1 className="visually-hidden">Search traces</h1>
      <SearchForm
        params={params}
        services={services.data?.services ?? []}
        busy={results.isFetching}
        onSearch={(next) => {
          const same = JSON.stringify(next) === JSON.stringify(params);
          if (same) void results.refetch();
          else void navigate({ search: next });
        }}
      />
      <div className={styles.results}>
        {storeEmpty && !found ? (
          <FirstSpan />
        ) : (
          <SearchResults
            params={params}
            results={results}
            onParams={(next) => void navigate({ search: next, replace: true })}
            onSelect={(next) => void navigate({ search: next })}
          />
        )}
      </div>
    </div>
  );
}
