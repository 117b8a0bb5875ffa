import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import type { TraceLayout } from "./layout.ts";
import type { SiblingGroup } from "./sibling-groups.ts";

/** Rows of the members of a group of siblings, in their order. */
export function memberRows({ head, members }: SiblingGroup, { size }: Pick<TraceLayout, "size">): readonly number[] {
  const rows: number[] = [];
  for (let i = 0, row = head; i < members; i++, row += size[row]!) rows.push(row);
  return rows;
}

/** Members whose durations lie in [from, to), the last step's `to` included; ns. */
export interface HistogramStep {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** The durations of rows in so many equal steps from the least to the longest; one step where all are equal. */
export function durationHistogram(
  { duration }: Pick<TraceColumns, "duration">,
  rows: readonly number[],
  steps: number,
): readonly HistogramStep[] {
  let [least, longest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    least = Math.min(least, duration[row]!);
    longest = Math.max(longest, duration[row]!);
  }
  const count = longest > least ? steps : 1;
  const width = (longest - least) / count;
  const counts = new Int32Array(count);
  for (const row of rows) counts[width > 0 ? Math.min(count - 1, Math.floor((duration[row]! - least) / width)) : 0]!++;
  return Array.from(counts, (members, i) => ({ from: least + i * width, to: least + (i + 1) * width, count: members }));
}

/** The rows with the longest durations, the longest first. */
export function slowestRows(
  { duration }: Pick<TraceColumns, "duration">,
  rows: readonly number[],
  most: number,
): readonly number[] {
  return rows.toSorted((a, b) => duration[b]! - duration[a]! || a - b).slice(0, most);
}

/** So many of the rows, spread evenly over them, with all of `always`. */
export function sampleOf(rows: readonly number[], always: readonly number[], most: number): readonly number[] {
  const sample = new Set(always);
  const step = Math.max(1, rows.length / Math.max(1, most - sample.size));
  for (let at = 0; at < rows.length && sample.size < most; at += step) sample.add(rows[Math.floor(at)]!);
  return [...sample].sort((a, b) => a - b);
}

/** An attribute whose value is not the same in all spans that were looked at. */
export interface VaryingAttribute {
  readonly key: string;
  /** Distinct values with how many have each, the most frequent first; undefined stands for those without it. */
  readonly values: readonly (readonly [value: string | undefined, spans: number])[];
}

/** Those that vary, with the fewest values first: what splits the spans into few parts says most. */
export function varyingAttributes(spans: readonly ReadonlyMap<string, string>[]): readonly VaryingAttribute[] {
  const keys = new Set(spans.flatMap((span) => [...span.keys()]));
  return [...keys]
    .map((key) => {
      const counts = new Map<string | undefined, number>();
      for (const span of spans) counts.set(span.get(key), (counts.get(span.get(key)) ?? 0) + 1);
      return { key, values: [...counts].sort(([, a], [, b]) => b - a) };
    })
    .filter(({ values }) => values.length > 1)
    .sort((a, b) => a.values.length - b.values.length || (a.key < b.key ? -1 : 1));
}
