import type { Point } from "./graph/edge-path.ts";
import { CARD } from "./graph/graph-layout.ts";
import type { Rect } from "./graph/viewport.ts";
import type { MapThing } from "./map-marks.ts";

/** The service or the call that an element of the map shows, by its `data-…`. */
export function thingAt(target: EventTarget): MapThing | undefined {
  const element = (target as Element).closest<HTMLElement | SVGElement>("[data-service], [data-from]");
  const { service, from, to } = element?.dataset ?? {};
  if (service !== undefined) return { service };
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** Around the cards of all these services; undefined where the map does not have them. */
export function rectOf(cards: ReadonlyMap<string, Point>, names: readonly (string | undefined)[]): Rect | undefined {
  const corners = names.map((name) => cards.get(name ?? "")).filter((corner) => corner !== undefined);
  if (corners.length < names.length) return undefined;
  const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) + CARD.width - x, height: Math.max(...ys) + CARD.height - y };
}
