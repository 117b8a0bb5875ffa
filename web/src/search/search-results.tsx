import { type InfiniteData, type UseInfiniteQueryResult, useQuery } from "@tanstack/react-query";
import { useContext, useEffect } from "react";
import type { UiSearchResponse } from "../../../src/query/ui/api-types.ts";
import { formatCount } from "../format/count.ts";
import { ShowResults } from "../shell/result-list.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { ExplainDrawer } from "./explain/explain-drawer.tsx";
import { ExplainOffer } from "./explain/explain-offer.tsx";
import { HeatSection } from "./heat/heat-section.tsx";
import { selectionText } from "./heat/heat-selection.ts";
import { chosenColumns } from "./params/columns.ts";
import { addressProblem } from "./params/search-fields.ts";
import { type Explained, RESULT_SORTS, type ResultSort, type SearchParams } from "./params/search-params.ts";
import { type SearchRange, totalQuery } from "./params/search-query.ts";
import { ColumnChips } from "./results/column-chips.tsx";
import { ErrorsOnly } from "./results/errors-only.tsx";
import { News } from "./results/news.tsx";
import { NoMatch } from "./results/no-match.tsx";
import { countText, shownText, type Total } from "./results/result-count.ts";
import { EndedNote, OutsideNote } from "./results/result-notes.tsx";
import { ResultRows } from "./results/result-rows.tsx";
import styles from "./search-results.module.css";

type Results = UseInfiniteQueryResult<InfiniteData<{ readonly page: UiSearchResponse; readonly range: SearchRange }>>;

const SORT_LABELS: Readonly<Record<ResultSort, string>> = {
  recent: "Newest first",
  longest: "Longest first",
  shortest: "Shortest first",
  spans: "Most spans first",
  errors: "Most errors first",
};

/** What a search found, page by page; also what it says while it runs, finds nothing or fails. */
export function SearchResults({
  params,
  results,
  onParams,
  onSelect,
}: {
  readonly params: SearchParams;
  readonly results: Results;
  readonly onParams: (params: SearchParams) => void;
  /** As onParams, and the way back leads to what was shown before. */
  readonly onSelect: (params: SearchParams) => void;
}) {
  const total = useTotal(params, results);
  useShownResults(results, total);
  if (results.data === undefined) {
    if (!results.isError) return <ResultSkeleton />;
    return (
      <Notice tone="error" title="The search failed" action={<RetryButton results={results} />}>
        {addressProblem(params) ?? results.error.message}
      </Notice>
    );
  }
  const pages = results.data.pages.map(({ page }) => page);
  const traces = pages.flatMap((page) => page.traces);
  const last = pages[pages.length - 1]!;
  const sort = params.sort ?? "recent";
  const columns = chosenColumns(params);
  const known = results.hasNextPage ? total?.traces : traces.length;

  return (
    <>
      <div className={styles.bar}>
        <h2 aria-live="polite">{countText(traces.length, results.hasNextPage, total)}</h2>
        <span className="muted">{shownText(traces.length, results.hasNextPage, total)}</span>
        {results.isFetching && traces.length > 0 && <span className="muted">Searching…</span>}
        {known !== undefined && known > 0 && (
          <News
            params={params}
            range={results.data.pages[0]!.range}
            known={known}
            onShow={() => void results.refetch()}
          />
        )}
        <ErrorsOnly params={params} onParams={onParams} />
        <label className={styles.sort}>
          <span className="visually-hidden">Order</span>
          <select
            value={sort}
            onChange={(event) => {
              const next = event.target.value as ResultSort;
              const { sort: _before, ...rest } = params;
              onParams(next === "recent" ? rest : { ...rest, sort: next });
            }}
          >
            {RESULT_SORTS.map((value) => (
              <option key={value} value={value}>
                {SORT_LABELS[value]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {results.isError && (
        <Notice tone="error" title="The search failed" action={<RetryButton results={results} />}>
          {addressProblem(params) ?? results.error.message}
        </Notice>
      )}
      <EndedNote page={last} sort={sort} />
      <OutsideNote outside={pages[0]?.outside} params={params} onParams={onParams} />
      {traces.length === 0 && last.complete && <NoMatch params={params} onParams={onParams} />}
      <HeatPart params={params} range={results.data.pages[0]!.range} onParams={onParams} onSelect={onSelect} />
      <ColumnChips params={params} onParams={onSelect} />
      {traces.length > 0 && <ResultRows traces={traces} columns={columns} />}
      {results.hasNextPage && (
        <Button
          className={styles.loadMore}
          disabled={results.isFetchingNextPage}
          onClick={() => void results.fetchNextPage()}
        >
          {results.isFetchingNextPage ? "Loading…" : "Load more"}
        </Button>
      )}
    </>
  );
}

/** The heat map, and the explanation of what is selected on it. */
function HeatPart({
  params,
  range,
  onParams,
  onSelect,
}: {
  readonly params: SearchParams;
  readonly range: SearchRange;
  readonly onParams: (params: SearchParams) => void;
  readonly onSelect: (params: SearchParams) => void;
}) {
  return (
    <>
      <HeatSection params={params} range={range} onParams={(next) => onSelect(explained(next))}>
        {(seen) => (
          <ExplainOffer params={params} {...seen} onExplain={(explain) => onParams(toggledExplain(params, explain))} />
        )}
      </HeatSection>
      {params.explain !== undefined && (params.explain !== "selection" || hasSelection(params)) && (
        <ExplainDrawer
          key={params.explain}
          kind={params.explain}
          params={params}
          onParams={onSelect}
          onClose={() => onParams(toggledExplain(params, undefined))}
        />
      )}
    </>
  );
}

/** What is selected on the heat map is explained at once. */
function explained(params: SearchParams): SearchParams {
  const { explain: _before, ...rest } = params;
  return hasSelection(params) ? { ...rest, explain: "selection" } : rest;
}

function hasSelection(params: SearchParams): boolean {
  return selectionText(params, Date.now()) !== undefined;
}

/** With that drawer open, or closed where it was. */
function toggledExplain(params: SearchParams, explain: Explained | undefined): SearchParams {
  const { explain: before, ...rest } = params;
  return explain === undefined || explain === before ? rest : { ...rest, explain };
}

/** How many match where not all of them are loaded; undefined while that is not known. */
function useTotal(params: SearchParams, results: Results): Total | undefined {
  const first = results.data?.pages[0];
  const known = first?.page.total;
  const counting = useQuery({
    ...totalQuery(params, first?.range ?? {}),
    enabled: first !== undefined && known === undefined && results.hasNextPage,
  });
  return known ?? counting.data ?? undefined;
}

/** Tells the pages of these traces which results they are. */
function useShownResults({ data, hasNextPage }: Results, total: Total | undefined): void {
  const show = useContext(ShowResults);
  useEffect(() => {
    if (data === undefined) return;
    const traceIds = data.pages.flatMap(({ page }) => page.traces.map((trace) => trace.traceId));
    const all = total === undefined ? traceIds.length : Math.max(total.traces, traceIds.length);
    const more = hasNextPage && total?.exact !== true ? "+" : "";
    show({ traceIds, of: `${formatCount(all)}${more}` });
  }, [data, hasNextPage, total, show]);
}

function RetryButton({ results }: { readonly results: Results }) {
  return <Button onClick={() => void results.refetch()}>Try again</Button>;
}

function ResultSkeleton() {
  return (
    <div className={styles.skeleton} role="status" aria-label="Searching">
      {Array.from({ length: 18 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <Skeleton key={index} />
      ))}
    </div>
  );
}
