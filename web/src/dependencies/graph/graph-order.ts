/** What is placed: services, and the points at which links pass the layers that they leap over. */
export interface Neighbours {
  readonly before: string[];
  readonly after: string[];
}

const SWEEPS = 24;

/**
 * Orders each layer so that few links cross: sweeps to and fro, each layer by the mean place of its neighbours in the
 * layer before, and keeps the best order seen. The same layers give the same order.
 */
export function orderLayers(
  layers: readonly (readonly string[])[],
  neighbours: ReadonlyMap<string, Neighbours>,
): readonly (readonly string[])[] {
  let order = layers.map((layer) => [...layer]);
  let best = order;
  let fewest = crossings(best, neighbours);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    order = swept(order, neighbours, sweep % 2 === 0);
    const count = crossings(order, neighbours);
    if (count < fewest) [best, fewest] = [order, count];
  }
  return best;
}

/** How many pairs of links cross between neighbouring layers. */
export function crossings(layers: readonly (readonly string[])[], neighbours: ReadonlyMap<string, Neighbours>): number {
  const place = places(layers);
  let count = 0;
  for (const layer of layers) {
    const ends = layer.flatMap((id) =>
      neighbours
        .get(id)!
        .after.map((to) => place.get(to)!)
        .sort((a, b) => a - b),
    );
    for (let i = 0; i < ends.length; i++) for (let j = i + 1; j < ends.length; j++) if (ends[i]! > ends[j]!) count++;
  }
  return count;
}

function swept(
  layers: readonly (readonly string[])[],
  neighbours: ReadonlyMap<string, Neighbours>,
  onwards: boolean,
): string[][] {
  const order = layers.map((layer) => [...layer]);
  const place = places(order);
  for (const layer of onwards ? order : order.toReversed()) {
    const weight = new Map(
      layer.map((id) => {
        const near = onwards ? neighbours.get(id)!.before : neighbours.get(id)!.after;
        const sum = near.reduce((total, other) => total + place.get(other)!, 0);
        return [id, near.length === 0 ? place.get(id)! : sum / near.length];
      }),
    );
    layer.sort((a, b) => weight.get(a)! - weight.get(b)! || place.get(a)! - place.get(b)!);
    for (const [index, id] of layer.entries()) place.set(id, centred(index, layer.length));
  }
  return order;
}

function places(layers: readonly (readonly string[])[]): Map<string, number> {
  return new Map(layers.flatMap((layer) => layer.map((id, index) => [id, centred(index, layer.length)] as const)));
}

function centred(index: number, count: number): number {
  return index - (count - 1) / 2;
}
