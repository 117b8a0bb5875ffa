import { type EdgePath, edgePath, loopPath, type Point } from "./edge-path.ts";
import { type GraphLink, type LayeredLink, linkKey, longestPaths, withoutCycles } from "./graph-layers.ts";
import { type Neighbours, orderLayers } from "./graph-order.ts";
import { placeLayers } from "./graph-places.ts";

export interface GraphLayout {
  /** Upper left corners of the services' cards. */
  readonly cards: ReadonlyMap<string, Point>;
  /** By `linkKey`. */
  readonly edges: ReadonlyMap<string, EdgePath>;
  readonly width: number;
  readonly height: number;
}

/** Of every card, in pixels. */
export const CARD = { width: 224, height: 56 } as const;
/** Room that a passing link takes in a layer, and gaps: between layers, and between neighbours of one. */
const PASSING = 6;
const BETWEEN_LAYERS = { right: 124, down: 76 };
const BETWEEN_CARDS = 22;
/** Links leave and enter a card side by side, at most so far apart. */
const PORT_STEP = 14;

/**
 * Draws a call graph in layers: callers before what they call, to the right or `down`. A link that closes a cycle runs
 * backwards. A link that leaps over layers takes a place in each of them, so that it never runs behind a card. The same
 * links give the same picture.
 */
export function layoutGraph(links: readonly GraphLink[], down: boolean): GraphLayout {
  const names = [...new Set(links.flatMap((link) => [link.parent, link.child]))].sort();
  const layered = withoutCycles(names, links);
  const { layers, neighbours, ways } = fillLayers(names, layered);
  const [long, broad] = down ? [CARD.height, CARD.width] : [CARD.width, CARD.height];
  const isCard = new Set(names);
  const order = orderLayers(layers, neighbours);
  const middle = placeLayers(order, neighbours, (id) => (isCard.has(id) ? broad : PASSING), BETWEEN_CARDS);
  const pitch = long + (down ? BETWEEN_LAYERS.down : BETWEEN_LAYERS.right);
  const start = new Map(order.flatMap((layer, index) => layer.map((id) => [id, index * pitch] as const)));
  const point = (along: number, across: number): Point => (down ? { x: across, y: along } : { x: along, y: across });
  const ports = portShifts(layered, ways, middle, broad);

  const edges = new Map<string, EdgePath>();
  for (const one of layered) {
    const { out, into } = ports.get(one)!;
    const points = [
      point(start.get(one.from)! + long, middle.get(one.from)! + out),
      ...ways.get(one)!.flatMap((id) => {
        const [along, across] = [start.get(id)!, middle.get(id)!];
        return [point(along, across), point(along + long, across)];
      }),
      point(start.get(one.to)!, middle.get(one.to)! + into),
    ];
    edges.set(linkKey(one.link), edgePath(one.from === one.link.parent ? points : points.reverse(), down));
  }
  const corner = (name: string) => point(start.get(name)!, middle.get(name)! - broad / 2);
  for (const link of links) {
    if (link.parent !== link.child) continue;
    const { x, y } = corner(link.parent);
    const ends = [
      { x: x + CARD.width, y: y + CARD.height - 14 },
      { x: x + CARD.width - 24, y: y + CARD.height },
    ] as const;
    edges.set(linkKey(link), loopPath(...ends));
  }
  const across = [...middle].reduce((most, [id, at]) => Math.max(most, at + (isCard.has(id) ? broad : PASSING) / 2), 0);
  const size = point(Math.max(0, layers.length * pitch - (pitch - long)), across);
  return { cards: new Map(names.map((name) => [name, corner(name)])), edges, width: size.x, height: size.y };
}

/** Services and passing points by layer, who is next to whom, and the points that each link passes, in its order. */
function fillLayers(names: readonly string[], links: readonly LayeredLink[]) {
  const layerOf = longestPaths(names, links);
  const layers: string[][] = [];
  const neighbours = new Map<string, Neighbours>();
  const put = (id: string, layer: number) => {
    while (layers.length <= layer) layers.push([]);
    layers[layer]!.push(id);
    neighbours.set(id, { before: [], after: [] });
  };
  for (const name of names) put(name, layerOf.get(name)!);
  const ways = new Map<LayeredLink, readonly string[]>();
  for (const one of links) {
    const way: string[] = [];
    for (let layer = layerOf.get(one.from)! + 1; layer < layerOf.get(one.to)!; layer++) {
      way.push(`${linkKey(one.link)}\u0000${layer}`);
      put(way.at(-1)!, layer);
    }
    ways.set(one, way);
    const stops = [one.from, ...way, one.to];
    for (const [index, id] of stops.slice(1).entries()) {
      neighbours.get(stops[index]!)!.after.push(id);
      neighbours.get(id)!.before.push(stops[index]!);
    }
  }
  return { layers, neighbours, ways };
}

/** How far off the middle of its cards each link leaves and enters, so that neighbours do not run as one line. */
function portShifts(
  links: readonly LayeredLink[],
  ways: ReadonlyMap<LayeredLink, readonly string[]>,
  middle: ReadonlyMap<string, number>,
  broad: number,
): ReadonlyMap<LayeredLink, { readonly out: number; readonly into: number }> {
  const shifts = new Map(links.map((one) => [one, { out: 0, into: 0 }]));
  const spread = (end: "from" | "to") => {
    for (const group of Map.groupBy(links, (one) => one[end]).values()) {
      const next = (one: LayeredLink) =>
        end === "from" ? (ways.get(one)![0] ?? one.to) : (ways.get(one)!.at(-1) ?? one.from);
      const step = Math.min(PORT_STEP, (broad * 0.7) / group.length);
      const sorted = group.toSorted((a, b) => middle.get(next(a))! - middle.get(next(b))!);
      for (const [index, one] of sorted.entries()) {
        shifts.get(one)![end === "from" ? "out" : "into"] = (index - (group.length - 1) / 2) * step;
      }
    }
  };
  spread("from");
  spread("to");
  return shifts;
}
