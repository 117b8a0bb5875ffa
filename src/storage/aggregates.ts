import type { AggregateTable } from "./aggregate.ts";
import { DEFAULT_DEPENDENCIES, DependencyAggregator, removeDependenciesBefore } from "./dependencies.ts";

/** The aggregates that the store keeps of the log, by the names of their cursors. */
export const AGGREGATES: AggregateTable = {
  "aggregate/dependencies": {
    rememberSpans: DEFAULT_DEPENDENCIES.windowSpans,
    create: () => new DependencyAggregator(),
    expire: removeDependenciesBefore,
  },
};
