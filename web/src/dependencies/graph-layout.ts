export interface GraphLink {
  readonly parent: string;
  readonly child: string;
}

/** A service's place: column from left to right along the calls, slot from top to bottom. */
export interface GraphNode {
  readonly name: string;
  readonly layer: number;
  readonly slot: number;
}

export interface GraphLayout {
  readonly nodes: readonly GraphNode[];
  readonly layers: number;
  /** Most nodes in one layer. */
  readonly slots: number;
}

const SWEEPS = 6;

/**
 * Layers a call graph: callers left of what they call (links that close a cycle are ignored for that), services in a layer
 * ordered by the mean slot of their neighbours so that few links cross. The same links give the same picture.
 */
export function layoutGraph(links: readonly GraphLink[]): GraphLayout {
  const names = [...new Set(links.flatMap((link) => [link.parent, link.child]))].sort();
  const forward = withoutCycles(names, links);
  const layerOf = longestPaths(names, forward);
  const layers: string[][] = [];
  for (const name of names) {
    const layer = layerOf.get(name)!;
    while (layers.length <= layer) layers.push([]);
    layers[layer]!.push(name);
  }
  const slot = new Map<string, number>();
  const place = (layer: readonly string[]) => {
    for (const [index, name] of layer.entries()) slot.set(name, index - (layer.length - 1) / 2);
  };
  layers.forEach(place);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : layers.toReversed()) {
      const weight = new Map(layer.map((name) => [name, meanSlot(name, forward, slot, down)]));
      layer.sort((a, b) => weight.get(a)! - weight.get(b)! || (a < b ? -1 : 1));
      place(layer);
    }
  }
  return {
    nodes: layers.flatMap((layer, index) => layer.map((name, at) => ({ name, layer: index, slot: at }))),
    layers: layers.length,
    slots: Math.max(0, ...layers.map((layer) => layer.length)),
  };
}

/** Links without self-calls and without those that lead back to a service on the path of a depth-first walk. */
function withoutCycles(names: readonly string[], links: readonly GraphLink[]): readonly GraphLink[] {
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

function longestPaths(names: readonly string[], links: readonly GraphLink[]): ReadonlyMap<string, number> {
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

function meanSlot(name: string, links: readonly GraphLink[], slot: ReadonlyMap<string, number>, down: boolean): number {
  let sum = 0;
  let count = 0;
  for (const link of links) {
    const neighbour = down
      ? link.child === name
        ? link.parent
        : undefined
      : link.parent === name
        ? link.child
        : undefined;
    if (neighbour === undefined) continue;
    sum += slot.get(neighbour)!;
    count++;
  }
  return count === 0 ? slot.get(name)! : sum / count;
}
