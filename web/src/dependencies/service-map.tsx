import {
  type ComponentProps,
  type CSSProperties,
  type FocusEvent,
  type MouseEvent,
  type PointerEvent,
  useMemo,
  useRef,
  useState,
} from "react";
import type { UiRedSeries } from "../../../src/query/ui/api-types.ts";
import type { RateUnit } from "../format/rate.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { CARD, layoutGraph } from "./graph/graph-layout.ts";
import { fitted, onScreen, type Size, type Viewport } from "./graph/viewport.ts";
import { MapEdges, MapLabels } from "./map-edges.tsx";
import { type MapCall, type MapThing, marksOf } from "./map-marks.ts";
import { MapNode } from "./map-node.tsx";
import { rectOf, thingAt } from "./map-things.ts";
import type { MapLink } from "./model/map-figures.ts";
import styles from "./service-map.module.css";
import { useGestures, ZOOM_STEP } from "./use-gestures.ts";
import { useReveal } from "./use-reveal.ts";
import { useSize } from "./use-size.ts";
import { useViewport } from "./use-viewport.ts";

/** Below this scale a card's figures could not be read: it has a larger name instead. */
const FAR = 0.8;
/** On narrower screens an open panel stands below the map. */
const NARROW = 640;
/** What an open panel covers of a wide screen, px. */
const PANEL = 356;

/**
 * Services as cards, calls as lines: thicker for more calls, coloured by the share that failed. Resting on something
 * brings out what it takes part in; a press opens it.
 */
export function ServiceMap({
  links,
  red,
  unit,
  open,
  found,
  at,
  onAt,
  onOpen,
}: {
  readonly links: readonly MapLink[];
  readonly red: ReadonlyMap<string, UiRedSeries>;
  readonly unit: RateUnit;
  readonly open: MapThing | undefined;
  readonly found: readonly string[] | undefined;
  readonly at: string | undefined;
  readonly onAt: (at: string | undefined) => void;
  readonly onOpen: (call: MapCall) => void;
}) {
  const screen = useRef<HTMLElement>(null);
  const size = useSize(screen);
  const narrow = size.width > 0 && size.width < NARROW;
  const layout = useLayout(links, size);
  const covered = open === undefined || narrow ? 0 : PANEL;
  const viewport = useViewport(size, layout, covered, at, onAt);
  const { view, reveal } = viewport;
  const gestures = useGestures(screen, viewport);
  const { marks, full, rest } = useMarks(links, open, found);
  const ready = size.width > 0;
  useReveal(ready, at !== undefined, { links, layout, open, covered, reveal });
  const over = (event: PointerEvent) => {
    if (event.pointerType === "mouse" && event.buttons === 0) rest(thingAt(event.target));
  };
  const onFocus = (event: FocusEvent) => {
    const thing = thingAt(event.target);
    if (thing === undefined || !event.target.matches(":focus-visible")) return;
    rest(thing);
    reveal([rectOf(layout.cards, [thing.service])], covered);
  };
  const onClick = (event: MouseEvent) => {
    const thing = thingAt(event.target);
    if (thing?.from !== undefined) onOpen({ from: thing.from, to: thing.to });
  };
  return (
    <div className={styles.frame}>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: by keyboard, calls are opened from services and the table */}
      <section
        ref={screen}
        className={styles.screen}
        aria-label="Map of calls between services; arrow keys move it, + − 0 zoom and fit"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that moves must be reachable by keyboard
        tabIndex={0}
        {...gestures}
        onPointerOver={over}
        onPointerLeave={() => rest(undefined)}
        onFocus={onFocus}
        onBlur={() => rest(undefined)}
        onClick={onClick}
      >
        <Stage {...{ links, layout, red, unit, open, marks, view, size }} full={full} />
      </section>
      <MapTools zoom={viewport.zoom} fit={viewport.fit} />
    </div>
  );
}

/** What stands out: what pointer or focus rest on, else what is open, else what was found. */
function useMarks(links: readonly MapLink[], open: MapThing | undefined, found: readonly string[] | undefined) {
  const [rested, rest] = useState<MapThing>();
  const shown = rested ?? open;
  const marks = useMemo(() => {
    if (shown !== undefined) return marksOf(links, shown);
    return found === undefined ? undefined : { services: new Set(found), edges: new Set<string>() };
  }, [links, shown, found]);
  return { marks, full: shown !== undefined, rest };
}

/** All that is drawn, where and as large as the view has it. */
function Stage({
  links,
  layout,
  red,
  unit,
  open,
  marks,
  full,
  view,
  size,
}: Pick<ComponentProps<typeof ServiceMap>, "links" | "red" | "unit" | "open"> &
  Pick<ComponentProps<typeof MapLabels>, "layout" | "marks" | "full"> & {
    readonly view: Viewport;
    readonly size: Size;
  }) {
  const far = view.scale < FAR;
  return (
    <div className={styles.stage} data-far={far} data-ready={size.width > 0} style={stageStyle(view, size)}>
      <MapEdges links={links} layout={layout} marks={marks} />
      {[...layout.cards].map(([name, { x, y }]) => (
        <MapNode
          key={name}
          name={name}
          x={x}
          y={y}
          red={red.get(name)}
          unit={unit}
          current={open?.service === name}
          dim={marks !== undefined && !marks.services.has(name)}
        />
      ))}
      <MapLabels links={links} layout={layout} marks={marks} full={full} scale={view.scale} far={far} />
    </div>
  );
}

function MapTools({ zoom, fit }: { readonly zoom: (factor: number) => void; readonly fit: () => void }) {
  return (
    <div className={styles.tools}>
      <IconButton aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoom(ZOOM_STEP)}>
        <Icon name="plus" />
      </IconButton>
      <IconButton aria-label="Zoom out" title="Zoom out (−)" onClick={() => zoom(1 / ZOOM_STEP)}>
        <Icon name="minus" />
      </IconButton>
      <IconButton aria-label="Fit the map" title="Fit the map (0)" onClick={fit}>
        <Icon name="fit" />
      </IconButton>
    </div>
  );
}

/** From left to right, or from top to bottom where that shows it larger. */
function useLayout(links: readonly MapLink[], size: Size) {
  const both = useMemo(() => [layoutGraph(links, false), layoutGraph(links, true)] as const, [links]);
  const [right, down] = both;
  return fitted(down, size).scale > fitted(right, size).scale ? down : right;
}

function stageStyle(view: Viewport, size: Size): CSSProperties {
  const own = { "--scale": view.scale, "--card-width": `${CARD.width}px`, "--card-height": `${CARD.height}px` };
  const { x, y } = onScreen(view, size, { x: 0, y: 0 });
  return { transform: `translate(${x}px, ${y}px) scale(${view.scale})`, ...own } as CSSProperties;
}
