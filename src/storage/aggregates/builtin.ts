import type { TraceKeyStart } from "../../model/ids.ts";
import type { AggregateTable } from "./aggregate-runner.ts";
import { DEFAULT_DEPENDENCIES, DependencyAggregator } from "./dependency-aggregator.ts";
import { expireDependencies, shrinkDependencies } from "./dependency-table.ts";
import { DEFAULT_RED, RedAggregator } from "./red-aggregator.ts";
import { expireRed, shrinkRed } from "./red-table.ts";

/** Most bytes of all aggregates together, where the limit of the store leaves that much. */
const MAX_AGGREGATE_BYTES = 256 * 1024 * 1024;
/** The share of the limit of the store that they may take. */
const AGGREGATE_SHARE = 1 / 4;

/** What the aggregates of a store may take of the limit of its bytes. */
export function aggregateBytes(maxBytes: number | undefined): number {
  return Math.min(MAX_AGGREGATE_BYTES, (maxBytes ?? Number.POSITIVE_INFINITY) * AGGREGATE_SHARE);
}

/**
 * The aggregates that the store keeps of the log, by the names of their cursors. Calls join spans whose trace ids agree
 * from `traceKeyFrom` on.
 */
export function createAggregates(traceKeyFrom: TraceKeyStart = 0): AggregateTable {
  const dependencies = { ...DEFAULT_DEPENDENCIES, traceKeyFrom };
  return {
    "aggregate/dependencies": {
      rememberSpans: dependencies.windowSpans,
      create: (metrics) => new DependencyAggregator(dependencies, metrics),
      expire: expireDependencies,
      shrink: shrinkDependencies,
    },
    "aggregate/red": {
      rememberSpans: 0,
      create: (metrics) => new RedAggregator(DEFAULT_RED, metrics),
      expire: expireRed,
      shrink: shrinkRed,
    },
  };
}
