import { useQuery } from "@tanstack/react-query";
import type { UiRedResponse, UiRedSeries } from "../../../src/query/ui/api-types.ts";
import { redBeforeQuery } from "../api/queries.ts";
import { type Change, changesOf, type Measured, seenSeconds } from "./changes.ts";

const NOTHING: Measured["series"] = { calls: 0, errors: 0, spans: 0, p95Nano: null };

/**
 * What services, and operations of the asked one, do otherwise than in the period before; `comparable` is false where
 * the store has seen too little of that.
 */
export function useChanges(now: UiRedResponse | undefined, service?: string) {
  const { data: before } = useQuery(redBeforeQuery(now, service));
  const seconds = before === undefined ? undefined : seenSeconds(before);
  const compare = (list: "services" | "operations", is: (series: UiRedSeries) => boolean): readonly Change[] => {
    if (now === undefined || before === undefined || seconds === undefined) return [];
    const of = (response: UiRedResponse) => response[list].find(is) ?? NOTHING;
    return changesOf(
      { series: of(now), seconds: (now.coveredEndMs - now.startMs) / 1000 },
      { series: of(before), seconds },
    );
  };
  return {
    comparable: seconds !== undefined,
    known: before !== undefined,
    of: (name: string) => compare("services", (series) => series.service === name),
    ofOperation: (name: string, kind: string) =>
      compare("operations", (series) => series.operation === name && series.kinds[0] === kind),
  };
}
