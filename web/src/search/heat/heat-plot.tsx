import { useMemo, useRef } from "react";
import type { UiHeatMap } from "../../../../src/query/ui/api-types.ts";
import { counted } from "../../format/count.ts";
import { useWidth } from "../../ui/use-width.ts";
import type { SearchParams } from "../params/search-params.ts";
import { HeatAxesLines } from "./heat-axes.tsx";
import { heatPaths } from "./heat-paths.ts";
import styles from "./heat-plot.module.css";
import { cellBounds, durationToY, heatAxes, timeX } from "./heat-scale.ts";
import { type Box, cellAt, searchForBox } from "./heat-selection.ts";
import { HeatTip } from "./heat-tip.tsx";
import { useBox } from "./use-box.ts";

const HEIGHT = 154;
const LEFT = 62;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 22;
const DRAG = 5;
const HOW = "Drag over some to search for them. The list below holds the same traces.";

/**
 * When all traces that match were, and how long they took: a click on a cell, or a drag over some, searches for what
 * they hold. The list below has the same for keyboard and screen reader.
 */
export function HeatPlot({
  map,
  stale,
  params,
  onParams,
}: {
  readonly map: UiHeatMap;
  readonly stale: boolean;
  readonly params: SearchParams;
  readonly onParams: (params: SearchParams) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const size = { width: Math.max(10, width - LEFT - RIGHT), height: HEIGHT - TOP - BOTTOM };
  const axes = heatAxes(map);
  const paths = useMemo(() => heatPaths(map, size.width, size.height), [map, size.width, size.height]);
  const onBox = (box: Box) => {
    if (isDrag(box) || filledCell(map, cellAt(map, size, { x: box.x0, y: box.y0 })) !== undefined) {
      onParams(searchForBox(params, map, size, box));
    }
  };
  const { box, over, handlers } = useBox(frame, { x: LEFT, y: TOP }, onBox);
  const found = over === undefined || box !== undefined ? undefined : filledCell(map, cellAt(map, size, over));
  const bounds = found && cellBounds(map, found[0], found[1]);
  const seenFrom = map.searchedBackToUnixNano;
  const unseen = seenFrom === undefined ? 0 : timeX(axes, size.width, Number(seenFrom) / 1e6);

  return (
    <div ref={frame} className={styles.plot} data-stale={stale} {...handlers}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`Duration over time of ${counted(map.traces, "trace")}, ${map.failed} with errors. ${HOW}`}
      >
        <g transform={`translate(${LEFT} ${TOP})`}>
          {unseen > 0 && (
            <rect className={styles.unseen} width={Math.min(size.width, unseen)} height={size.height}>
              <title>Not looked at: the time for searching was up</title>
            </rect>
          )}
          <HeatAxesLines axes={axes} {...size} />
          {paths.levels.map(({ opacity, path }) => (
            <path key={opacity} className={styles.cells} d={path} fillOpacity={opacity} />
          ))}
          <path className={styles.failed} d={paths.failed} />
          {box !== undefined && isDrag(box) && <BoxMark box={box} />}
        </g>
      </svg>
      {found !== undefined && bounds !== undefined && (
        <HeatTip
          bounds={bounds}
          traces={found[2]}
          failed={found[3]}
          x={LEFT + timeX(axes, size.width, bounds.toMs)}
          y={TOP + durationToY(axes, size.height, bounds.mostNs)}
          width={width}
        />
      )}
    </div>
  );
}

function BoxMark({ box: { x0, y0, x1, y1 } }: { readonly box: Box }) {
  const [width, height] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
  return <rect className={styles.box} x={Math.min(x0, x1)} y={Math.min(y0, y1)} width={width} height={height} />;
}

function isDrag({ x0, y0, x1, y1 }: Box): boolean {
  return Math.hypot(x1 - x0, y1 - y0) >= DRAG;
}

function filledCell(map: UiHeatMap, { column, row }: { readonly column: number; readonly row: number }) {
  return map.cells.find((cell) => cell[0] === column && cell[1] === row);
}
