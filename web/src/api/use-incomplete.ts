import { type Query, useQueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import type { Incomplete } from "./client.ts";

/**
 * Why what the open page shows may lack something, each reason once: of every query that the page uses now, so that no
 * page has to ask.
 */
export function useIncomplete(): readonly string[] {
  const cache = useQueryClient().getQueryCache();
  const subscribe = useCallback((onChange: () => void) => cache.subscribe(onChange), [cache]);
  // A text, as the snapshot has to be the same one while nothing changes.
  const text = useSyncExternalStore(subscribe, () => reasonsOf(cache.findAll({ type: "active" })).join("\n"));
  return text === "" ? [] : text.split("\n");
}

/** What the data of the queries say of themselves, in pages or as a whole. */
export function reasonsOf(queries: readonly Pick<Query, "state">[]): readonly string[] {
  const reasons = new Set<string>();
  for (const { state } of queries) {
    const data = state.data as (Incomplete & { readonly pages?: readonly Incomplete[] }) | null | undefined;
    for (const { incomplete } of [data ?? {}, ...(data?.pages ?? [])]) {
      if (incomplete !== undefined) reasons.add(incomplete);
    }
  }
  return [...reasons];
}
