import { type AnalysedTrace, operationAt } from "./analysed-trace.ts";
import type { CriticalPath } from "./critical-path.ts";
import { operationKey, type Usual, type UsualOf } from "./usual.ts";

/** Where the time of a slow request went, as far as one place explains it. */
export interface Blame {
  /** The span, or the first of the calls. */
  readonly row: number;
  /** More than 1 where many calls of one operation make it up together. */
  readonly calls: number;
  /** True where it is the span's own time, not that of what it calls. */
  readonly own: boolean;
  /** Time of it on the critical path, and how much that is more than usual; ns. */
  readonly nano: number;
  readonly excessNano: number;
  /** Of one call; undefined where too few were seen. */
  readonly usual: Usual | undefined;
}

/** So many calls of one operation below one span may be to blame together. */
const LEAST_CALLS = 3;
/** Of a span's excess: a child that has as much of it is looked into. */
const MAIN_SHARE = 0.5;
/** Of the root's excess: what explains less is not named. */
const LEAST_SHARE = 0.3;

/** Children of one operation on the path. */
interface Calls {
  /** The one with the largest excess, and that. */
  row: number;
  most: number;
  calls: number;
  first: number;
  /** On the path, all together. */
  nano: number;
  readonly usual: Usual | undefined;
}

/**
 * Goes from the root down to where its excess over the usual comes from: into the child that has most of it, as long as
 * one has. Ends at a span's own time, or at many calls of one operation that are too many or too long together.
 * Undefined where that explains less than a third of the root's excess.
 */
export function findBlame(
  trace: AnalysedTrace,
  root: number,
  { whole, own }: CriticalPath,
  usualOf: UsualOf,
): Blame | undefined {
  const children = childLists(trace);
  const excessOf = (row: number, usual: Usual | undefined) =>
    Math.max(0, (whole[row] as number) - (usual?.medianNano ?? 0));
  const rootExcess = excessOf(root, usualOf(operationAt(trace, root)));
  for (let row = root; ; ) {
    const usual = usualOf(operationAt(trace, row));
    const excess = excessOf(row, usual);
    const calls = callsBelow(trace, children(row), whole, usualOf);
    const main = greatest(calls, (one) => one.most);
    const many = greatest(
      calls.filter((one) => one.calls >= LEAST_CALLS),
      excessTogether,
    );
    const enough = (nano: number) => nano > 0 && nano >= MAIN_SHARE * excess;
    if (many !== undefined && enough(many.value) && many.value >= 2 * (main?.value ?? 0)) {
      const { first, calls: count, nano, usual: ofOne } = many.of;
      const blame = { row: first, calls: count, own: false, nano, excessNano: many.value, usual: ofOne };
      return explains(blame, rootExcess);
    }
    if (main !== undefined && enough(main.value)) {
      row = main.of.row;
      continue;
    }
    const leaf = calls.length === 0;
    const ownNano = leaf ? (whole[row] as number) : (own[row] as number);
    // Of a root without children there is nothing to say but that it is slow.
    if (leaf && row === root) return undefined;
    const excessNano = Math.min(excess, leaf ? excess : ownNano - usualOwn(usual, calls));
    return explains({ row, calls: 1, own: !leaf, nano: ownNano, excessNano, usual }, rootExcess);
  }
}

function explains(blame: Blame, rootExcess: number): Blame | undefined {
  return blame.excessNano > 0 && blame.excessNano >= LEAST_SHARE * rootExcess ? blame : undefined;
}

function greatest(calls: readonly Calls[], measure: (calls: Calls) => number) {
  let found: { readonly of: Calls; readonly value: number } | undefined;
  for (const of of calls) {
    const value = measure(of);
    if (found === undefined || value > found.value) found = { of, value };
  }
  return found;
}

/** The time of its own that a span usually has, as far as its usual and those of its calls tell. */
function usualOwn(usual: Usual | undefined, calls: readonly Calls[]): number {
  if (usual === undefined) return 0;
  return calls.reduce((left, one) => Math.max(0, left - one.calls * (one.usual?.medianNano ?? 0)), usual.medianNano);
}

/** What the calls take more than one of them usually does. */
function excessTogether({ nano, usual }: Calls): number {
  return nano - (usual?.medianNano ?? 0);
}

function callsBelow(trace: AnalysedTrace, children: readonly number[], whole: Float64Array, usualOf: UsualOf): Calls[] {
  const found = new Map<string, Calls>();
  for (const row of children) {
    const nano = whole[row] as number;
    if (nano <= 0) continue;
    const operation = operationAt(trace, row);
    const key = operationKey(operation);
    const known = found.get(key);
    const calls: Calls = known ?? { row, most: -1, calls: 0, first: row, nano: 0, usual: usualOf(operation) };
    if (known === undefined) found.set(key, calls);
    calls.calls++;
    calls.nano += nano;
    const excess = nano - (calls.usual?.medianNano ?? 0);
    if (excess > calls.most) {
      calls.most = excess;
      calls.row = row;
    }
  }
  return [...found.values()];
}

function childLists({ count, parent }: AnalysedTrace): (row: number) => readonly number[] {
  const lists = new Map<number, number[]>();
  for (let row = 0; row < count; row++) {
    const up = parent[row] as number;
    if (up < 0) continue;
    const list = lists.get(up);
    if (list === undefined) lists.set(up, [row]);
    else list.push(row);
  }
  return (row) => lists.get(row) ?? [];
}
