import type { HeatMap, HeatQuery } from "../../model/metrics-query.ts";
import { TIME_CLASS, timeClassOf } from "../../model/span-times.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { Pacer } from "../cache/pacer.ts";
import { findTraces } from "./find.ts";
import { HeatCells } from "./heat-cells.ts";

/** A search that keeps no trace: it looks at all that match, newest first, as far as the pacer's budget goes. */
export async function findHeat(cache: BlockCache, asked: HeatQuery, pacer: Pacer, missed: number): Promise<HeatMap> {
  const cells = new HeatCells();
  const { after: _after, show: _show, outside: _outside, ...query } = asked.query;
  const { complete, reason, searchedBackTo } = await findTraces(
    cache,
    { ...query, limit: 1, order: "errors" },
    pacer,
    missed,
    {
      onTrace: ({ start, end, ended }, failedSpans) => {
        // The list has what has no place in the map.
        if (ended && timeClassOf(start) === TIME_CLASS.possible) cells.add(start, end, failedSpans > 0n);
      },
    },
  );
  return {
    ...cells.map(asked),
    complete,
    ...(reason === undefined ? {} : { reason }),
    ...(searchedBackTo === undefined ? {} : { searchedBackTo }),
  };
}
