import type { Neighbours } from "./graph-order.ts";

const SWEEPS = 16;

/**
 * Where on its layer each id stands (its middle, from 0): as near to its neighbours as order, sizes and the gap allow,
 * so that links run straight. `sizeOf` and `gap` are in pixels.
 */
export function placeLayers(
  layers: readonly (readonly string[])[],
  neighbours: ReadonlyMap<string, Neighbours>,
  sizeOf: (id: string) => number,
  gap: number,
): ReadonlyMap<string, number> {
  const at = new Map<string, number>();
  for (const layer of layers) settle(layer, () => 0, sizeOf, gap, at);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    // The last two look both ways, so that a service stands between its callers and what it calls.
    const both = sweep >= SWEEPS - 2;
    const onwards = sweep % 2 === 0;
    for (const layer of onwards ? layers : layers.toReversed()) {
      const wish = (id: string): number => {
        const { before, after } = neighbours.get(id)!;
        const near = both ? [...before, ...after] : onwards ? before : after;
        return near.length === 0 ? at.get(id)! : near.reduce((sum, other) => sum + at.get(other)!, 0) / near.length;
      };
      settle(layer, wish, sizeOf, gap, at);
    }
  }
  const first = [...at].reduce(
    (least, [id, middle]) => Math.min(least, middle - sizeOf(id) / 2),
    Number.POSITIVE_INFINITY,
  );
  return new Map([...at].map(([id, middle]) => [id, middle - first]));
}

/**
 * The middles with the least sum of squared distances to the wishes, in order and without overlap: isotonic
 * regression by pooling neighbours that would violate it.
 */
function settle(
  layer: readonly string[],
  wish: (id: string) => number,
  sizeOf: (id: string) => number,
  gap: number,
  at: Map<string, number>,
): void {
  const offsets: number[] = [];
  const pools: { sum: number; count: number }[] = [];
  let offset = 0;
  const wishes = layer.map(wish);
  for (const [index, id] of layer.entries()) {
    if (index > 0) offset += (sizeOf(layer[index - 1]!) + sizeOf(id)) / 2 + gap;
    offsets.push(offset);
    pools.push({ sum: wishes[index]! - offset, count: 1 });
    for (let last = pools.at(-1)!, before = pools.at(-2); before !== undefined; before = pools.at(-2)) {
      if (before.sum / before.count <= last.sum / last.count) break;
      pools.pop();
      before.sum += last.sum;
      before.count += last.count;
      last = before;
    }
  }
  let index = 0;
  for (const { sum, count } of pools) {
    for (let i = 0; i < count; i++, index++) at.set(layer[index]!, sum / count + offsets[index]!);
  }
}
