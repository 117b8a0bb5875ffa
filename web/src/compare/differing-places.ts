import type { UiComparison } from "../../../src/query/ui/comparison/comparison-types.ts";

/** Positions of the places that differ, of those above them, and of all below what only one trace has. */
export function differingPlaces({
  places,
  differences,
}: Pick<UiComparison, "places" | "differences">): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { place } of differences) {
    for (let at = place; at >= 0 && !found.has(at); at = places[at]!.parent) found.add(at);
  }
  for (const [at, { a, b }] of places.entries()) if (a === undefined || b === undefined) found.add(at);
  return found;
}
