import type uPlot from "uplot";
import { DAY_MS } from "../../../src/model/time.ts";
import { formatAbsolute } from "../format/time.ts";

/** A line of a chart. */
export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A custom property of the style sheet, without the dashes. */
  readonly colour: string;
  /** Painted below the line. */
  readonly filled?: boolean;
  readonly dash?: readonly number[];
}

interface ChartSettings {
  readonly host: HTMLElement;
  /** px. */
  readonly width: number;
  readonly height: number;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly logarithmic: boolean;
  /** Told, in ms since the epoch, which time was dragged over. */
  readonly chosen: { readonly current: (fromMs: number, toMs: number) => void };
}

const AXIS_WIDTH = 64;
/** Shorter drags are presses, px. */
const LEAST_DRAG = 4;
/** Charts of one page share their cursor. */
const SYNC = "service";

/** How uPlot draws a chart in the colours of the page. */
export function chartOptions({
  host,
  width,
  height,
  lines,
  format,
  logarithmic,
  chosen,
}: ChartSettings): uPlot.Options {
  const colour = (name: string) => usedColour(host, name);
  const [text, grid] = [colour("text-3"), colour("grid")];
  const font = `12px ${getComputedStyle(host).fontFamily}`;
  const axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  return {
    width,
    height,
    legend: { live: true, markers: { width: 2 } },
    cursor: { sync: { key: SYNC }, drag: { x: true, y: false, setScale: false }, points: { size: 5 } },
    scales: {
      x: { time: true },
      y: logarithmic ? { distr: 3 } : { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      { ...axis, size: 26, space: 72, values: timeLabels },
      {
        ...axis,
        size: AXIS_WIDTH,
        ...(logarithmic && { splits: (_plot: uPlot, _axis: number, min: number, max: number) => decades(min, max) }),
        values: (_plot, splits) => splits.map((value) => (value === null ? null : format(value))),
      },
    ],
    series: [
      { label: "Time", value: (_plot, seconds) => (seconds === null ? "" : clock(seconds * 1000)) },
      ...lines.map((line): uPlot.Series => {
        const stroke = colour(line.colour);
        return {
          label: line.label,
          stroke,
          width: 1.5,
          ...(line.dash !== undefined && { dash: [...line.dash] }),
          ...(line.filled === true && { fill: `color-mix(in srgb, ${stroke} 16%, transparent)` }),
          points: { show: true, size: 4, filter: () => lonely(line.values) },
          spanGaps: false,
          value: (_plot, value) => (value === null ? "–" : format(value)),
        };
      }),
    ],
    hooks: {
      ready: [
        ({ root }) => {
          const select = root.querySelector<HTMLElement>(".u-select");
          if (select !== null) select.style.background = `color-mix(in srgb, ${colour("accent")} 18%, transparent)`;
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width: dragged } = plot.select;
          if (dragged < LEAST_DRAG) return;
          chosen.current(plot.posToVal(left, "x") * 1000, plot.posToVal(left + dragged, "x") * 1000);
        },
      ],
    },
  };
}

function decades(min: number, max: number): number[] {
  const first = Math.ceil(Math.log10(Math.max(1, min)) - 1e-9);
  const count = Math.floor(Math.log10(Math.max(1, max)) + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => 10 ** (first + i));
}

/** Values between gaps, which a line does not show. */
function lonely(values: readonly (number | null)[]): number[] {
  const isGap = (index: number) => (values[index] ?? null) === null;
  return [...values.keys()].filter((index) => !isGap(index) && isGap(index - 1) && isGap(index + 1));
}

/** Times of day; where the chart spans days, the first of a day with its date. */
function timeLabels(_plot: uPlot, splits: readonly number[]): string[] {
  const severalDays = splits.length > 0 && splits.at(-1)! - splits[0]! > DAY_MS / 1000;
  let day = "";
  return splits.map((seconds) => {
    const text = formatAbsolute(seconds * 1000);
    const isFirst = text.slice(0, 10) !== day;
    day = text.slice(0, 10);
    return severalDays && isFirst ? `${text.slice(5, 10)} ${text.slice(11, 16)}` : text.slice(11, 16);
  });
}

function clock(timeMs: number): string {
  return formatAbsolute(timeMs).slice(0, 16);
}

/** `light-dark()` is only resolved in a used colour. */
function usedColour(host: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
