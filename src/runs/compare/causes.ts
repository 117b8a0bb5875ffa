import type { RunChange } from "./comparison.ts";
import type { FoundChange } from "./find-changes.ts";
import type { PathPair } from "./match-paths.ts";

/**
 * Tells causes from what follows of them: what takes longer because something in it does, and what fails because
 * something in it did. What nothing else explains is laid to an operation that is new below.
 */
export function causesOf(changes: readonly FoundChange[]): RunChange[] {
  const own = changes.filter(
    ({ kind, worse }) => worse && (kind === "self" || kind === "calls" || kind === "appeared"),
  );
  const slow = changes.filter(({ kind, worse }) => worse && kind === "duration");
  const slowAbove = ancestors([...own, ...slow].map(({ pair }) => pair));
  const selfSlow = new Set(own.filter(({ kind }) => kind === "self").map(({ pair }) => pair));
  const failedAbove = ancestors(
    changes.filter(({ kind, worse }) => worse && kind === "errors").map(({ pair }) => pair),
  );
  const unexplained = new Set(
    slow.map(({ pair }) => pair).filter((pair) => !slowAbove.has(pair) && !selfSlow.has(pair)),
  );
  const blamed = changes.filter(
    ({ kind, worse, pair }) =>
      kind === "appeared" && !worse && [...ancestors([pair])].some((one) => unexplained.has(one)),
  );
  const aboveBlamed = ancestors(blamed.map(({ pair }) => pair));
  return changes.map(({ pair, ...change }) => {
    if (blamed.some((one) => one.pair === pair && one.kind === change.kind)) return { ...change, worse: true };
    if (!change.worse) return change;
    if (change.kind === "duration") {
      return { ...change, cause: !slowAbove.has(pair) && !selfSlow.has(pair) && !aboveBlamed.has(pair) };
    }
    if (change.kind === "errors") return { ...change, cause: !failedAbove.has(pair) };
    return change;
  });
}

function ancestors(pairs: readonly PathPair[]): ReadonlySet<PathPair> {
  const found = new Set<PathPair>();
  for (const pair of pairs) for (let up = pair.parent; up !== undefined; up = up.parent) found.add(up);
  return found;
}
