import { type GraphLink, longestPaths, withoutCycles } from "./graph-layers.ts";

/** A place in the picture: column from left to right along the calls, line from top to bottom (halves occur). */
export interface GraphPlace {
  readonly layer: number;
  readonly line: number;
}

export interface GraphLayout {
  readonly nodes: ReadonlyMap<string, GraphPlace>;
  /** For links that leap over layers, the places they pass through, left to right; by `linkKey`. */
  readonly ways: ReadonlyMap<string, readonly GraphPlace[]>;
  readonly layers: number;
  readonly lines: number;
}

const SWEEPS = 8;

export function linkKey(link: GraphLink): string {
  return `${link.parent}\u0000${link.child}`;
}

/**
 * Layers a call graph: callers left of what they call (links that close a cycle are ignored for that). A link that
 * leaps over layers takes a place in each of them, so that it never runs behind a service; places in a layer are
 * ordered by the mean line of their neighbours, so that few links cross. The same links give the same picture.
 */
export function layoutGraph(links: readonly GraphLink[]): GraphLayout {
  const names = [...new Set(links.flatMap((link) => [link.parent, link.child]))].sort();
  const forward = withoutCycles(names, links);
  const layerOf = longestPaths(names, forward);
  const layers: string[][] = [];
  const put = (id: string, layer: number) => {
    while (layers.length <= layer) layers.push([]);
    layers[layer]!.push(id);
  };
  for (const name of names) put(name, layerOf.get(name)!);

  const neighbours = new Map<string, { left: string[]; right: string[] }>(
    names.map((name) => [name, { left: [], right: [] }]),
  );
  const join = (left: string, right: string) => {
    neighbours.get(left)!.right.push(right);
    neighbours.get(right)!.left.push(left);
  };
  const stops = new Map<string, string[]>();
  for (const link of forward) {
    const way: string[] = [];
    let before = link.parent;
    for (let layer = layerOf.get(link.parent)! + 1; layer < layerOf.get(link.child)!; layer++) {
      const id = `${linkKey(link)}\u0000${layer}`;
      neighbours.set(id, { left: [], right: [] });
      put(id, layer);
      join(before, id);
      way.push(id);
      before = id;
    }
    join(before, link.child);
    if (way.length > 0) stops.set(linkKey(link), way);
  }

  const line = new Map<string, number>();
  orderLayers(layers, neighbours, line);
  const lines = Math.max(0, ...layers.map((layer) => layer.length));
  const place = (id: string, layer: number): GraphPlace => ({ layer, line: line.get(id)! + (lines - 1) / 2 });
  return {
    nodes: new Map(names.map((name) => [name, place(name, layerOf.get(name)!)])),
    ways: new Map(
      [...stops].map(([key, way]) => [key, way.map((id) => place(id, Number(id.slice(id.lastIndexOf("\u0000") + 1))))]),
    ),
    layers: layers.length,
    lines,
  };
}

/**
 * Sweeps over the layers, right and back, each ordered by its neighbours; leaves every id's line, centred on 0, in
 * `line`.
 */
function orderLayers(
  layers: readonly string[][],
  neighbours: ReadonlyMap<string, { readonly left: readonly string[]; readonly right: readonly string[] }>,
  line: Map<string, number>,
): void {
  const settle = (layer: readonly string[]) => {
    for (const [index, id] of layer.entries()) line.set(id, index - (layer.length - 1) / 2);
  };
  for (const layer of layers) settle(layer);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const rightwards = sweep % 2 === 0;
    for (const layer of rightwards ? layers : layers.toReversed()) {
      const weight = new Map(
        layer.map((id) => {
          const { left, right } = neighbours.get(id)!;
          const near = rightwards ? left : right;
          const sum = near.reduce((total, other) => total + line.get(other)!, 0);
          return [id, near.length === 0 ? line.get(id)! : sum / near.length];
        }),
      );
      layer.sort((a, b) => weight.get(a)! - weight.get(b)! || (a < b ? -1 : 1));
      settle(layer);
    }
  }
}
