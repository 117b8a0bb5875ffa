import { useState } from "react";
import { addressOf, draftOf, type QueryDraft } from "./params/query-draft.ts";
import { fieldProblems } from "./params/search-fields.ts";
import type { SearchParams } from "./params/search-params.ts";

/**
 * The search that is being written, in form and bar alike. Another address (a link, back and forward) begins it anew;
 * its own keeps what has been typed since.
 */
export function useSearchDraft(params: SearchParams, onSearch: (params: SearchParams) => void) {
  const [draft, setDraft] = useState(() => draftOf(params));
  const [shown, setShown] = useState(params);
  if (JSON.stringify(shown) !== JSON.stringify(params)) {
    setShown(params);
    setDraft(draftOf(params));
  }
  /** False where something is wrong with it. */
  const submit = (): boolean => {
    if (Object.keys(fieldProblems(draft.fields)).length > 0) return false;
    const next = addressOf(draft, params);
    if (next !== undefined) onSearch(next);
    return next !== undefined;
  };
  const reset = () => {
    setDraft(draftOf({}));
    onSearch({});
  };
  const change = (edit: (draft: QueryDraft) => QueryDraft) => setDraft(edit);
  return { draft, change, submit, reset };
}
