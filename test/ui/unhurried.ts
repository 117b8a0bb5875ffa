import type { TraceReader } from "../../src/component/read.ts";

/** So long that no machine is too busy, ms. */
const PATIENCE_MS = 600_000;

/** The reader with all the time that its answers take: what the pages show does not depend on how busy a machine is. */
export function unhurried(reader: TraceReader): TraceReader {
  const { heat, facets, weigh, attributeNames, attributeValues } = reader;
  return {
    ...reader,
    ...(heat && { heat: (query, signal) => heat({ ...query, budgetMs: PATIENCE_MS }, signal) }),
    ...(facets && { facets: (query, signal) => facets({ ...query, budgetMs: PATIENCE_MS }, signal) }),
    ...(weigh && { weigh: (query, signal) => weigh({ ...query, budgetMs: PATIENCE_MS }, signal) }),
    ...(attributeNames && {
      attributeNames: (query, signal) => attributeNames({ ...query, budgetMs: PATIENCE_MS }, signal),
    }),
    ...(attributeValues && {
      attributeValues: (query, signal) => attributeValues({ ...query, budgetMs: PATIENCE_MS }, signal),
    }),
  };
}
