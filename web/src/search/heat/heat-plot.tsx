import { type ReactNode, useMemo, useRef } from "react";
import type { UiHeatMap } from "../../../../src/query/ui/api-types.ts";
import { counted } from "../../format/count.ts";
import { useWidth } from "../../ui/use-width.ts";
import type { SearchParams } from "../params/search-params.ts";
import { HeatAxesLines } from "./heat-axes.tsx";
import type { MarkedCells } from "./heat-keys.ts";
import { heatPaths } from "./heat-paths.ts";
import styles from "./heat-plot.module.css";
import { cellBounds, durationToY, heatAxes, timeX } from "./heat-scale.ts";
import { type Box, cellAt, type PlotSize, searchForBox } from "./heat-selection.ts";
import { HeatTip } from "./heat-tip.tsx";
import { useBox } from "./use-box.ts";
import { useHeatKeys } from "./use-heat-keys.ts";

const HEIGHT = 154;
const LEFT = 62;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 22;
const DRAG = 5;
const HOW = "Drag over some to search for them, or mark them by the cursor keys and press Enter.";

/**
 * When all traces that match were, and how long they took: a click on a cell, or a drag over some, searches for what
 * they hold. By keyboard the cursor keys mark cells, more with Shift, and Enter searches.
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
  const onBox = (box: Box) => {
    if (isDrag(box) || filledCell(map, cellAt(map, size, { x: box.x0, y: box.y0 })) !== undefined) {
      onParams(searchForBox(params, map, size, box));
    }
  };
  const { box, over, handlers } = useBox(frame, { x: LEFT, y: TOP }, onBox);
  const keys = useHeatKeys(map, size, onBox);
  const found = over === undefined || box !== undefined ? undefined : filledCell(map, cellAt(map, size, over));
  const bounds = found && cellBounds(map, found[0], found[1]);

  return (
    <div
      ref={frame}
      className={styles.plot}
      data-stale={stale}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: its cells are marked by keyboard
      tabIndex={0}
      role="application"
      aria-label="Heat map"
      onKeyDown={keys.onKeyDown}
      onBlur={keys.onBlur}
      {...handlers}
    >
      <HeatPicture map={map} width={width} size={size}>
        {box !== undefined && isDrag(box) && <BoxMark box={box} />}
        {keys.marked !== undefined && <CellsMark map={map} marked={keys.marked} {...size} />}
      </HeatPicture>
      <p className={keys.marked === undefined ? "visually-hidden" : styles.words} role="status">
        {keys.words}
      </p>
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

/** The cells on their axes, and what is drawn over them. */
function HeatPicture({
  map,
  width,
  size,
  children,
}: {
  readonly map: UiHeatMap;
  readonly width: number;
  /** Of the plot within the axes. */
  readonly size: PlotSize;
  readonly children: ReactNode;
}) {
  const axes = heatAxes(map);
  const paths = useMemo(() => heatPaths(map, size.width, size.height), [map, size.width, size.height]);
  const seenFrom = map.searchedBackToUnixNano;
  const unseen = seenFrom === undefined ? 0 : timeX(axes, size.width, Number(seenFrom) / 1e6);
  return (
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
        {children}
      </g>
    </svg>
  );
}

function BoxMark({ box: { x0, y0, x1, y1 } }: { readonly box: Box }) {
  const [width, height] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
  return <rect className={styles.box} x={Math.min(x0, x1)} y={Math.min(y0, y1)} width={width} height={height} />;
}

/** The cells that are marked by keyboard. */
function CellsMark({
  map,
  marked: { anchor, at },
  width,
  height,
}: {
  readonly map: UiHeatMap;
  readonly marked: MarkedCells;
  readonly width: number;
  readonly height: number;
}) {
  const [cellWidth, cellHeight] = [width / map.columns, height / map.rows];
  const columns = [anchor.column, at.column].sort((a, b) => a - b) as [number, number];
  const rows = [anchor.row, at.row].sort((a, b) => a - b) as [number, number];
  return (
    <rect
      className={styles.marked}
      x={columns[0] * cellWidth - 1}
      y={height - (rows[1] + 1) * cellHeight - 1}
      width={(columns[1] - columns[0] + 1) * cellWidth + 2}
      height={(rows[1] - rows[0] + 1) * cellHeight + 2}
    />
  );
}

function isDrag({ x0, y0, x1, y1 }: Box): boolean {
  return Math.hypot(x1 - x0, y1 - y0) >= DRAG;
}

function filledCell(map: UiHeatMap, { column, row }: { readonly column: number; readonly row: number }) {
  return map.cells.find((cell) => cell[0] === column && cell[1] === row);
}
