import type { Metrics } from "../../component/metrics.ts";
import type { TracesData } from "../../model/span.ts";

export interface Rewritten {
  /** The very object that came where nothing changed; parts that did not change are the same objects. */
  readonly data: TracesData;
  /** The n-th span of `data` was span order[n] before; undefined where nothing moved. */
  readonly order: readonly number[] | undefined;
}

/** What a processor does to the spans of a batch. It may move them, but never changes their number. */
export interface Rewrite {
  apply(data: TracesData): Rewritten;
}

/** Makes the rewrite of a processor; undefined where its config leaves it nothing to do. */
export type CreateRewrite<Config> = (config: Config, metrics: Metrics) => Rewrite | undefined;

/** A rewrite that leaves every span in its place. */
export function inPlace(change: { apply(data: TracesData): TracesData }): Rewrite {
  return { apply: (data) => ({ data: change.apply(data), order: undefined }) };
}

/** Several as one, each on what the one before it gave. */
export function inTurn(rewrites: readonly Rewrite[]): Rewrite {
  return {
    apply: (data) =>
      rewrites.reduce<Rewritten>((before, rewrite) => follow(before, rewrite.apply(before.data)), {
        data,
        order: undefined,
      }),
  };
}

function follow(before: Rewritten, { data, order }: Rewritten): Rewritten {
  if (before.order === undefined || order === undefined) return { data, order: order ?? before.order };
  const earlier = before.order;
  return { data, order: order.map((row) => earlier[row] as number) };
}
