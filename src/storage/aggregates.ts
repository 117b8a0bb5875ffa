import type { AggregateTable } from "./aggregate.ts";
import { DEFAULT_DEPENDENCIES, DependencyAggregator } from "./dependencies.ts";
import { removeDependenciesBefore } from "./dependency-table.ts";
import { DEFAULT_RED, RedAggregator } from "./red-metrics.ts";
import { removeRedBefore } from "./red-table.ts";

/** The aggregates that the store keeps of the log, by the names of their cursors. */
export const AGGREGATES: AggregateTable = {
  "aggregate/dependencies": {
    rememberSpans: DEFAULT_DEPENDENCIES.windowSpans,
    create: (metrics) => new DependencyAggregator(DEFAULT_DEPENDENCIES, metrics),
    expire: removeDependenciesBefore,
  },
  "aggregate/red": {
    rememberSpans: 0,
    create: (metrics) => new RedAggregator(DEFAULT_RED, metrics),
    expire: removeRedBefore,
  },
};
