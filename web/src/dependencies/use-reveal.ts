import { useEffect, useRef } from "react";
import type { GraphLayout } from "./graph/graph-layout.ts";
import type { Rect } from "./graph/viewport.ts";
import type { MapThing } from "./map-marks.ts";
import { rectOf } from "./map-things.ts";
import { type MapLink, neighbourhood } from "./model/map-figures.ts";

/**
 * Brings what was opened into sight, once: a service with its neighbours where they have room. What the address opens
 * stays where the address has it.
 */
export function useReveal(
  ready: boolean,
  kept: boolean,
  now: {
    readonly links: readonly MapLink[];
    readonly layout: GraphLayout;
    readonly open: MapThing | undefined;
    readonly covered: number;
    readonly reveal: (rects: readonly (Rect | undefined)[], covered: number) => void;
  },
): void {
  const { links, layout, open, covered, reveal } = now;
  const done = useRef(kept ? open : undefined);
  useEffect(() => {
    if (!ready || open === done.current) return;
    done.current = open;
    if (open === undefined) return;
    const names = open.service === undefined ? [open.from, open.to] : [open.service];
    const around = open.service === undefined ? names : [...neighbourhood(links, open.service)];
    reveal(
      [around, names].map((some) => rectOf(layout.cards, some)),
      covered,
    );
  }, [ready, links, layout, open, covered, reveal]);
}
