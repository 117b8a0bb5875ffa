import { useEffect, useState } from "react";
import { type KeptSearches, keepSearches, keptSearches, withRecent } from "./saved-searches.ts";

/** The searches that the browser keeps, of all its tabs; `address` becomes the last one once it has found something. */
export function useKeptSearches(address: string, found: boolean) {
  const [searches, setSearches] = useState(keptSearches);
  const [lost, setLost] = useState(false);
  const keep = (next: KeptSearches) => {
    setSearches(next);
    setLost(!keepSearches(next));
  };
  useEffect(() => {
    if (!found) return;
    setSearches((before) => {
      const next = withRecent(before, address);
      if (next.recent === before.recent) return before;
      setLost(!keepSearches(next));
      return next;
    });
  }, [address, found]);
  useEffect(() => {
    const onStorage = () => setSearches(keptSearches());
    window.addEventListener("storage", onStorage);
    return () => window.removeEventListener("storage", onStorage);
  }, []);
  return { searches, lost, keep };
}
