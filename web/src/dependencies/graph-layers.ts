export interface GraphLink {
  readonly parent: string;
  readonly child: string;
}

/** Links without self-calls and without those that lead back to a service on the path of a depth-first walk. */
export function withoutCycles(names: readonly string[], links: readonly GraphLink[]): readonly GraphLink[] {
  const out = new Map<string, GraphLink[]>(names.map((name) => [name, []]));
  const called = new Set<string>();
  for (const link of links) {
    if (link.parent === link.child) continue;
    out.get(link.parent)!.push(link);
    called.add(link.child);
  }
  const state = new Map<string, "open" | "done">();
  const kept: GraphLink[] = [];
  const walk = (name: string): void => {
    state.set(name, "open");
    for (const link of out.get(name)!) {
      if (state.get(link.child) === "open") continue;
      kept.push(link);
      if (state.get(link.child) === undefined) walk(link.child);
    }
    state.set(name, "done");
  };
  // Entry points first, so that a cycle is cut where it leads back to them.
  for (const name of [...names.filter((n) => !called.has(n)), ...names]) if (state.get(name) === undefined) walk(name);
  return kept;
}

/** Layer of each service: one more than the highest layer of its callers. The links must be free of cycles. */
export function longestPaths(names: readonly string[], links: readonly GraphLink[]): ReadonlyMap<string, number> {
  const into = new Map<string, GraphLink[]>(names.map((name) => [name, []]));
  for (const link of links) into.get(link.child)!.push(link);
  const layer = new Map<string, number>();
  const of = (name: string): number => {
    const known = layer.get(name);
    if (known !== undefined) return known;
    const value = Math.max(-1, ...into.get(name)!.map((link) => of(link.parent))) + 1;
    layer.set(name, value);
    return value;
  };
  for (const name of names) of(name);
  return layer;
}
