import { useNavigate } from "@tanstack/react-router";
import { type PointerEvent, useMemo, useRef, useState } from "react";
import type { UiTraceSummary } from "../../../src/query/ui/api-types.ts";
import { useWidth } from "../ui/use-width.ts";
import {
  type Box,
  durationTicks,
  nearestPoint,
  pointsInBox,
  type ScatterPoint,
  scatterPoints,
  scatterPosition,
  scatterRange,
  timeTicks,
} from "./scatter.ts";
import { decadeLabel, timeLabel } from "./scatter-labels.ts";
import { ScatterMark } from "./scatter-mark.tsx";
import styles from "./scatter-plot.module.css";
import { ScatterTip } from "./scatter-tip.tsx";

const HEIGHT = 132;
const LEFT = 62;
const RIGHT = 14;
const TOP = 8;
const BOTTOM = 22;
const REACH = 12;
const DRAG = 5;
/** Width that a time on the axis needs. */
const LABEL_ROOM = 110;

/**
 * Duration over start of the loaded traces; traces with errors are diamonds, the others circles. A click opens the
 * nearest trace, a drag selects those inside for the list below. The list holds the same traces for keyboard and screen
 * reader.
 */
export function ScatterPlot({
  traces,
  selected,
  onSelect,
}: {
  readonly traces: readonly UiTraceSummary[];
  readonly selected: ReadonlySet<string> | undefined;
  readonly onSelect: (traceIds: ReadonlySet<string> | undefined) => void;
}) {
  const navigate = useNavigate();
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [box, setBox] = useState<Box>();
  const [near, setNear] = useState<ScatterPoint>();
  const points = useMemo(() => scatterPoints(traces), [traces]);
  const range = useMemo(() => scatterRange(points), [points]);

  const plotWidth = Math.max(10, width - LEFT - RIGHT);
  const plotHeight = HEIGHT - TOP - BOTTOM;
  const axis = timeTicks(range, plotWidth / LABEL_ROOM);
  const at = (event: PointerEvent) => {
    const bounds = frame.current!.getBoundingClientRect();
    return { x: event.clientX - bounds.left - LEFT, y: event.clientY - bounds.top - TOP };
  };
  const dragged = box !== undefined && Math.hypot(box.x1 - box.x0, box.y1 - box.y0) >= DRAG;
  const onUp = (event: PointerEvent) => {
    setBox(undefined);
    if (box === undefined) return;
    if (dragged) {
      const inside = pointsInBox(points, range, plotWidth, plotHeight, box);
      onSelect(inside.size === 0 ? undefined : inside);
      return;
    }
    const hit = nearestPoint(points, range, plotWidth, plotHeight, at(event), REACH);
    if (hit === undefined) onSelect(undefined);
    else void navigate({ to: "/trace/$traceId", params: { traceId: hit.traceId }, search: {} });
  };
  const nearAt = near && scatterPosition(range, plotWidth, plotHeight, near);
  const errors = points.reduce((sum, point) => sum + (point.error ? 1 : 0), 0);

  return (
    <div
      ref={frame}
      className={styles.plot}
      data-near={near !== undefined}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const { x, y } = at(event);
        setBox({ x0: x, y0: y, x1: x, y1: y });
      }}
      onPointerMove={(event) => {
        const { x, y } = at(event);
        if (box !== undefined) setBox({ ...box, x1: x, y1: y });
        setNear(nearestPoint(points, range, plotWidth, plotHeight, { x, y }, REACH));
      }}
      onPointerUp={onUp}
      onPointerCancel={() => setBox(undefined)}
      onPointerLeave={() => setNear(undefined)}
    >
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`Duration over time of ${points.length} traces, ${errors} with errors. The list below holds the same traces.`}
      >
        <g transform={`translate(${LEFT} ${TOP})`}>
          {durationTicks(range).map((ns) => {
            const { y } = scatterPosition(range, plotWidth, plotHeight, { timeMs: range.fromMs, durationNs: ns });
            return (
              <g key={ns}>
                <line x1={0} x2={plotWidth} y1={y} y2={y} className={styles.grid} />
                <text x={-8} y={y + 4} textAnchor="end" className={styles.label}>
                  {decadeLabel(ns)}
                </text>
              </g>
            );
          })}
          {axis.times.map((timeMs) => {
            const { x } = scatterPosition(range, plotWidth, plotHeight, { timeMs, durationNs: range.leastNs });
            return (
              <g key={timeMs}>
                <line x1={x} x2={x} y1={0} y2={plotHeight} className={styles.grid} />
                {x >= LABEL_ROOM / 3 && x <= plotWidth - LABEL_ROOM / 3 && (
                  <text x={x} y={plotHeight + 17} textAnchor="middle" className={styles.label}>
                    {timeLabel(timeMs, axis.stepMs)}
                  </text>
                )}
              </g>
            );
          })}
          {points.map((point) => (
            <ScatterMark
              key={point.traceId}
              point={point}
              {...scatterPosition(range, plotWidth, plotHeight, point)}
              faded={selected !== undefined && !selected.has(point.traceId)}
              near={near === point}
            />
          ))}
          {dragged && (
            <rect
              className={styles.box}
              x={Math.min(box.x0, box.x1)}
              y={Math.min(box.y0, box.y1)}
              width={Math.abs(box.x1 - box.x0)}
              height={Math.abs(box.y1 - box.y0)}
            />
          )}
        </g>
      </svg>
      {near !== undefined && nearAt !== undefined && box === undefined && (
        <ScatterTip near={near} x={LEFT + nearAt.x} y={nearAt.y} width={width} />
      )}
    </div>
  );
}
