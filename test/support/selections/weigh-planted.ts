import { anyValueText } from "../../../src/model/any-value.ts";
import type { SelectionCounts, SelectionQuery } from "../../../src/model/attribute-query.ts";
import { outcomesLast, type RankedAttribute, rankSelection } from "../../../src/query/analysis/selection-ranking.ts";
import { createTraceReader } from "../../../src/storage/read/trace-reader.ts";
import { MemorySource } from "../search/memory-source.ts";
import type { PlantedSet } from "./planted-sets.ts";

export interface Weighed {
  readonly counts: SelectionCounts;
  readonly ranked: readonly RankedAttribute[];
  /** The cause is what is ranked first, or the very same traces have what is. */
  readonly right: boolean;
  /** Stood for the traces that make it: too few were hit for anything to be seen. */
  readonly hit: number;
}

/** Stores a set as a collector does and asks which attributes its slow, or failed, traces have more often. */
export async function weighPlanted({ traces, cause, slowFrom }: PlantedSet, budgetMs: number): Promise<Weighed> {
  const source = new MemorySource();
  for (let at = 0; at < traces.length; at += 50) source.append(traces.slice(at, at + 50).flat());
  const all = { filter: { op: "all" }, limit: 1 } as const;
  const query: SelectionQuery =
    slowFrom === undefined
      ? { query: all, failed: true, budgetMs }
      : { query: all, selected: { ...all, traceDurationMin: slowFrom }, failed: false, budgetMs };
  const reader = createTraceReader(source);
  const counts = (await reader.weigh?.(query, new AbortController().signal)) as SelectionCounts;
  const ranked = rankSelection(counts, 20);
  const first = (slowFrom === undefined ? outcomesLast(ranked) : ranked)[0];
  const isCause = (one: Pick<RankedAttribute, "scope" | "key" | "value">) =>
    one.scope === cause.scope &&
    one.key === cause.key &&
    one.value !== undefined &&
    anyValueText(one.value) === cause.value;
  const right = first !== undefined && (isCause(first) || first.alike.some(isCause));
  return { counts, ranked, right, hit: counts.selected.found };
}
