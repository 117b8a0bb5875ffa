import { type Query, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiError, apiUrl } from "../api/client.ts";

/** How often a collector that did not answer is asked whether it is back, ms. */
const PROBE_MS = 2_000;

/** True of an answer that a collector gives, or a proxy for it, while it is away or starts. */
function isOutage(error: unknown): boolean {
  return error instanceof ApiError && [0, 502, 503, 504].includes(error.status);
}

/**
 * Calls `back` once the collector answers again; never in a tab that nobody sees. With `ifAway` not where it answers at
 * once: what is missing then is not because it was away. Returns what ends the waiting.
 */
export function onceBack(back: () => void, ifAway = false): () => void {
  const gone = new AbortController();
  let away = !ifAway;
  const probe = async () => {
    if (document.hidden) return;
    const answer = await fetch(apiUrl("api/ui/services"), { signal: gone.signal }).catch(() => undefined);
    if (gone.signal.aborted) return;
    // Who has to log in again is led there by what is asked again.
    if (answer?.ok !== true && answer?.status !== 401) away = true;
    else {
      stop();
      if (away) back();
    }
  };
  const timer = setInterval(() => void probe(), PROBE_MS);
  if (ifAway) void probe();
  const stop = () => {
    clearInterval(timer);
    gone.abort();
  };
  return stop;
}

/**
 * What pages asked for in vain while the collector was away is asked for again as soon as it is back. Tells whether it
 * is away, as far as pages have noticed.
 */
export function useRecovery(): boolean {
  const queries = useQueryClient();
  const [away, setAway] = useState(false);
  useEffect(() => {
    let stop: (() => void) | undefined;
    const predicate = (query: Query) => query.isActive() && isOutage(query.state.error);
    const look = () => {
      if (stop !== undefined || !queries.getQueryCache().getAll().some(predicate)) return;
      setAway(true);
      stop = onceBack(() => {
        stop = undefined;
        setAway(false);
        void queries.refetchQueries({ predicate });
      });
    };
    const unsubscribe = queries.getQueryCache().subscribe(({ type }) => {
      if (type === "updated") look();
    });
    return () => {
      unsubscribe();
      stop?.();
    };
  }, [queries]);
  return away;
}
