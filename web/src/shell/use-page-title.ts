import { useEffect } from "react";
import { rememberPage } from "./recent-pages.ts";

/** Names the browser tab after the page. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Spanloom`;
  }, [title]);
}

/** Keeps a trace among the pages that were looked at; not while its title is unknown. */
export function useRecentTrace(traceId: string, title: string | undefined): void {
  useEffect(() => {
    if (title !== undefined) rememberPage({ path: `trace/${traceId}`, title });
  }, [traceId, title]);
}
