import { type PointerEvent, useEffect, useRef, useState } from "react";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import { formatOffset } from "../../format/duration.ts";
import { clampWindow, type TimeWindow, ticks, timeToX, xToTime } from "../../format/time-scale.ts";
import { onThemeChange } from "../../shell/theme.ts";
import { afterPaint, MANY_SPANS } from "../../ui/after-paint.ts";
import { Button } from "../../ui/button.tsx";
import { useWidth } from "../../ui/use-width.ts";
import type { TraceModel } from "../model/trace-model.ts";
import styles from "./minimap.module.css";
import { paintMinimap } from "./minimap-painter.ts";
import { readPalette } from "./palette.ts";

const HEIGHT = 56;
const HANDLE = 6;
/** Of a time on the axis, about. */
const LABEL_WIDTH = 52;
const LEAST_DRAG = 4;

type Drag =
  | { readonly kind: "select"; readonly from: number }
  | { readonly kind: "move"; readonly grip: number; readonly window: TimeWindow }
  | { readonly kind: "edge"; readonly fixed: number };

/** The whole trace in a strip: drag to zoom, drag the window to pan, its edges to widen it, double click for all. */
export function Minimap({
  model,
  window,
  rootWindow,
  onWindow,
}: {
  readonly model: TraceModel;
  readonly window: TimeWindow;
  /** The root's interval, where the whole trace is longer. */
  readonly rootWindow: TimeWindow | undefined;
  readonly onWindow: (window: TimeWindow) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<Drag>(undefined);
  const painted = useRef(false);
  const width = useWidth(frame);
  const [theme, setTheme] = useState(0);
  const [selection, setSelection] = useState<TimeWindow>();
  const whole = { from: 0, to: model.extent };
  const zoomed = window.from > 0 || window.to < model.extent;

  useEffect(() => onThemeChange(() => setTheme((count) => count + 1)), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `theme` counts changes of the colours that are read here
  useEffect(() => {
    if (width === 0) return;
    const paint = () => {
      painted.current = true;
      paintMinimap(canvas.current!, model, readPalette(frame.current!), width, HEIGHT);
    };
    // A pass over every span: the rows come first.
    if (!painted.current && model.columns.count > MANY_SPANS) return afterPaint(paint);
    paint();
  }, [model, width, theme]);

  const timeAt = (event: PointerEvent): number => {
    const x = event.clientX - frame.current!.getBoundingClientRect().left;
    return xToTime(whole, width, Math.max(0, Math.min(width, x)));
  };
  const onDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    frame.current!.setPointerCapture(event.pointerId);
    const time = timeAt(event);
    const near = (edge: number) => Math.abs(timeToX(whole, width, edge) - timeToX(whole, width, time)) <= HANDLE;
    if (zoomed && near(window.from)) drag.current = { kind: "edge", fixed: window.to };
    else if (zoomed && near(window.to)) drag.current = { kind: "edge", fixed: window.from };
    else if (zoomed && time > window.from && time < window.to) drag.current = { kind: "move", grip: time, window };
    else drag.current = { kind: "select", from: time };
  };
  const onMove = (event: PointerEvent) => {
    const held = drag.current;
    if (held === undefined) return;
    const time = timeAt(event);
    if (held.kind === "move") {
      const shift = time - held.grip;
      onWindow(clampWindow({ from: held.window.from + shift, to: held.window.to + shift }, model.extent));
    } else {
      const anchor = held.kind === "edge" ? held.fixed : held.from;
      const span = { from: Math.min(anchor, time), to: Math.max(anchor, time) };
      if (held.kind === "edge") onWindow(clampWindow(span, model.extent));
      else setSelection(span);
    }
  };
  const onUp = () => {
    drag.current = undefined;
    setSelection(undefined);
    if (selection === undefined) return;
    const pixels = timeToX(whole, width, selection.to) - timeToX(whole, width, selection.from);
    if (pixels >= LEAST_DRAG) onWindow(clampWindow(selection, model.extent));
  };

  const left = timeToX(whole, width, window.from);
  const right = timeToX(whole, width, window.to);
  const axis = ticks(whole, Math.max(2, width / 150));
  const end = formatDuration(model.extent);
  const room = width - LABEL_WIDTH - end.length * 7;
  return (
    <div className={styles.minimap}>
      <div className={styles.axis} aria-hidden="true">
        {axis.times.map((time) => {
          const x = timeToX(whole, width, time);
          return x > room && x > 0 ? null : (
            <span key={time} style={{ transform: `translateX(${x}px)` }}>
              {formatOffset(time, axis.step, model.extent)}
            </span>
          );
        })}
        <span className={styles.end}>{end}</span>
      </div>
      <div
        ref={frame}
        className={styles.frame}
        role="img"
        aria-label={`Overview of the trace, showing ${formatDuration(window.from)} to ${formatDuration(window.to)} of ${formatDuration(model.extent)}`}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={onUp}
        onPointerCancel={() => {
          drag.current = undefined;
          setSelection(undefined);
        }}
        onDoubleClick={() => onWindow(whole)}
      >
        <canvas ref={canvas} />
        {zoomed && (
          <>
            <div className={styles.veil} style={{ left: 0, width: left }} />
            <div className={styles.veil} style={{ left: right, right: 0 }} />
            <div className={styles.window} style={{ left, width: Math.max(2, right - left) }} />
          </>
        )}
        {selection !== undefined && (
          <div
            className={styles.selection}
            style={{
              left: timeToX(whole, width, selection.from),
              width: timeToX(whole, width, selection.to) - timeToX(whole, width, selection.from),
            }}
          />
        )}
      </div>
      <div className={styles.buttons}>
        {rootWindow !== undefined && (window.from !== rootWindow.from || window.to !== rootWindow.to) && (
          <Button title="The time of the root span (r)" onClick={() => onWindow(rootWindow)}>
            Fit root
          </Button>
        )}
        {zoomed && <Button onClick={() => onWindow(whole)}>Whole trace</Button>}
      </div>
    </div>
  );
}
