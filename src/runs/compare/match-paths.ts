import type { PathFigures, RunPopulation } from "../population/population.ts";
import { operationText, type RunOperation } from "../population/span-table.ts";

/** A path in both runs, or in one of them. */
export interface PathPair {
  readonly steps: readonly RunOperation[];
  /** The pair of the parent's path; undefined for a root. */
  readonly parent: PathPair | undefined;
  readonly before: PathFigures | undefined;
  readonly after: PathFigures | undefined;
}

/** Paths of two runs side by side, parents before their children. */
export function matchPaths(before: RunPopulation, after: RunPopulation): PathPair[] {
  const [first, second] = [byText(before), byText(after)];
  const pairs = new Map<string, PathPair>();
  for (const [text, { path, above }] of [...first, ...second]) {
    if (pairs.has(text)) continue;
    const parent = above === undefined ? undefined : (pairs.get(above) as PathPair);
    const { service, name, kind } = path;
    pairs.set(text, {
      steps: [...(parent?.steps ?? []), { service, name, kind }],
      parent,
      before: first.get(text)?.path,
      after: second.get(text)?.path,
    });
  }
  return [...pairs.values()];
}

function byText({ paths }: RunPopulation): Map<string, { path: PathFigures; above: string | undefined }> {
  const texts: string[] = [];
  const found = new Map<string, { path: PathFigures; above: string | undefined }>();
  for (const [id, path] of paths.entries()) {
    const above = path.parent < 0 ? undefined : (texts[path.parent] as string);
    const text = `${above ?? ""}${operationText(path)}`;
    texts[id] = text;
    found.set(text, { path, above });
  }
  return found;
}
