import { createContext } from "react";

/** What a search has listed, so that a trace's page leads back to it, and on to the next of its traces. */
export interface ResultList {
  /** Ids as they are listed; those that are not loaded are not among them. */
  readonly traceIds: readonly string[];
  /** All that match, in words. */
  readonly of: string;
}

/** Whoever lists traces tells the frame around the pages. */
export const ShowResults = createContext<(list: ResultList) => void>(() => undefined);
