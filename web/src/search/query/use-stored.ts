import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type {
  UiCompletionKeys,
  UiCompletionValues,
  UiLookedAt,
} from "../../../../src/query/ui/completion/completion-types.ts";
import { getJson } from "../../api/client.ts";
import { withLists } from "../../api/with-lists.ts";
import { formatCount } from "../../format/count.ts";
import type { CompletionPlace } from "./completion-place.ts";

/** µs since the epoch, as the search has it. */
export interface CompletionRange {
  readonly start?: string;
  readonly end?: string;
}

/** So long a list stays as it was read, ms. */
const STALE_MS = 30_000;

/** What the store knows of the place; undefined while that is not known, and where the store lists nothing. */
export function useStored(
  place: CompletionPlace | undefined,
  range: CompletionRange,
): {
  readonly keys: UiCompletionKeys | undefined;
  readonly values: UiCompletionValues | undefined;
  /** What the counts are of. */
  readonly looked: string | undefined;
} {
  const wantsKeys = place?.kind === "field";
  const field = place?.kind === "value" ? place.field : undefined;
  const typed = place?.typed ?? "";
  const keys = useQuery({
    queryKey: ["completion-keys", range],
    queryFn: ({ signal }) =>
      withLists(getJson<UiCompletionKeys>("api/ui/completion/keys", { ...range }, signal), "keys"),
    enabled: wantsKeys,
    placeholderData: keepPreviousData,
    staleTime: STALE_MS,
  });
  const values = useQuery({
    queryKey: ["completion-values", range, field, typed],
    queryFn: ({ signal }) => {
      const asked = { field: field as string, ...(typed === "" ? {} : { text: typed }), ...range };
      return withLists(getJson<UiCompletionValues>("api/ui/completion/values", asked, signal), "values");
    },
    enabled: field !== undefined,
    placeholderData: (before, query) => (query?.queryKey[2] === field ? before : undefined),
    staleTime: STALE_MS,
  });
  const shown = wantsKeys ? keys.data : field === undefined ? undefined : values.data;
  return {
    keys: keys.data,
    values: field === undefined ? undefined : values.data,
    looked: shown === undefined || shown.spans === 0 ? undefined : lookedWords(shown),
  };
}

function lookedWords({ spans, complete, backToUnixNano }: UiLookedAt): string {
  const of = backToUnixNano === undefined ? "all" : "the newest";
  return `Counts of ${of} ${formatCount(spans)} spans${complete || backToUnixNano !== undefined ? "" : "; there are more"}`;
}
