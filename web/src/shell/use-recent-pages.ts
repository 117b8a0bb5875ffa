import { useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { rememberPage, searchTitle } from "./recent-pages.ts";

/** Remembers the searches that are made. Traces remember themselves, as they know their titles (usePageTitle). */
export function useRecentSearches(): void {
  const { pathname, searchStr } = useLocation();
  useEffect(() => {
    const title = pathname.endsWith("/search") ? searchTitle(searchStr) : undefined;
    if (title !== undefined) rememberPage({ path: `search${searchStr}`, title });
  }, [pathname, searchStr]);
}
