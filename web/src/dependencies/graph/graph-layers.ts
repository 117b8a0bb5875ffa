export interface GraphLink {
  readonly parent: string;
  readonly child: string;
}

/** A link as it is layered: `from` stands before `to`. A link that closes a cycle is turned round for that. */
export interface LayeredLink {
  readonly link: GraphLink;
  readonly from: string;
  readonly to: string;
}

/** Names a link, and tells it from every other: names of services may hold anything but a zero character. */
export function linkKey(link: GraphLink): string {
  return `${link.parent}\u0000${link.child}`;
}

/** Links without self-calls; those that lead back to a service on the path of a depth-first walk are turned round. */
export function withoutCycles(names: readonly string[], links: readonly GraphLink[]): readonly LayeredLink[] {
  const out = new Map<string, GraphLink[]>(names.map((name) => [name, []]));
  const called = new Set<string>();
  for (const link of links) {
    if (link.parent === link.child) continue;
    out.get(link.parent)!.push(link);
    called.add(link.child);
  }
  const state = new Map<string, "open" | "done">();
  const layered: LayeredLink[] = [];
  const walk = (name: string): void => {
    state.set(name, "open");
    for (const link of out.get(name)!) {
      const back = state.get(link.child) === "open";
      layered.push(back ? { link, from: link.child, to: link.parent } : { link, from: link.parent, to: link.child });
      if (state.get(link.child) === undefined) walk(link.child);
    }
    state.set(name, "done");
  };
  // Entry points first, so that a cycle is cut where it leads back to them.
  for (const name of [...names.filter((n) => !called.has(n)), ...names]) if (state.get(name) === undefined) walk(name);
  return layered;
}

/**
 * Layer of each service: one more than the highest layer of its callers; a service that nothing calls stands right
 * before the first that it calls. The links must be free of cycles.
 */
export function longestPaths(names: readonly string[], links: readonly LayeredLink[]): ReadonlyMap<string, number> {
  const into = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const { from, to } of links) into.get(to)!.push(from);
  const layer = new Map<string, number>();
  const of = (name: string): number => {
    const known = layer.get(name);
    if (known !== undefined) return known;
    const value = into.get(name)!.reduce((most, caller) => Math.max(most, of(caller) + 1), 0);
    layer.set(name, value);
    return value;
  };
  for (const name of names) of(name);
  const first = new Map<string, number>();
  for (const { from, to } of links) first.set(from, Math.min(first.get(from) ?? Number.POSITIVE_INFINITY, of(to)));
  for (const [name, nearest] of first) if (into.get(name)!.length === 0) layer.set(name, nearest - 1);
  return layer;
}
