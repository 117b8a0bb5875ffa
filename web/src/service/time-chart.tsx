import { type ReactNode, useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { onThemeChange } from "../shell/theme.ts";
import { useWidth } from "../ui/use-width.ts";
import { chartOptions, type Line } from "./chart-options.ts";
import styles from "./time-chart.module.css";

/** Where a value at a time lies on a chart, px from its top left; undefined outside. */
export type PlaceOf = (timeMs: number, value: number) => { readonly x: number; readonly y: number } | undefined;

/**
 * Lines over time. Dragging over a part of it chooses the time between. What `children` draw lies on it. Loaded on use:
 * it brings uPlot.
 */
export function TimeChart({
  label,
  times,
  lines,
  format,
  logarithmic = false,
  height = 160,
  onRange,
  children,
}: {
  readonly label: string;
  /** ms since the epoch. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly logarithmic?: boolean;
  readonly height?: number;
  readonly onRange: (fromMs: number, toMs: number) => void;
  readonly children?: (placeOf: PlaceOf) => ReactNode;
}) {
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const [theme, setTheme] = useState(0);
  const [placeOf, setPlaceOf] = useState<{ readonly of: PlaceOf }>();
  const chosen = useRef(onRange);
  chosen.current = onRange;
  useEffect(() => onThemeChange(() => setTheme((count) => count + 1)), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is read by the options, from the style sheet
  useEffect(() => {
    const element = host.current;
    if (element === null || width === 0) return;
    const options = chartOptions({ host: element, width, height, lines, format, logarithmic, chosen });
    const data = [times.map((time) => time / 1000), ...lines.map(({ values }) => [...values])];
    const plot = new uPlot(options, data as uPlot.AlignedData, element);
    setPlaceOf({ of: (timeMs, value) => placeOn(plot, timeMs, value) });
    return () => plot.destroy();
  }, [times, lines, format, logarithmic, width, height, theme]);
  return (
    <figure className={styles.figure} aria-label={label}>
      <div ref={host} style={{ minHeight: height }} role="img" aria-label={label} />
      {children !== undefined && placeOf !== undefined && children(placeOf.of)}
    </figure>
  );
}

function placeOn(plot: uPlot, timeMs: number, value: number) {
  const { over } = plot;
  const [x, y] = [plot.valToPos(timeMs / 1000, "x"), plot.valToPos(value, "y")];
  if (!(x >= 0 && x <= over.clientWidth && y >= 0 && y <= over.clientHeight)) return undefined;
  return { x: x + over.offsetLeft, y: y + over.offsetTop };
}
