import { formatOffset } from "../../format/duration.ts";
import { type TimeWindow, ticks, timeToX } from "../../format/time-scale.ts";
import { GUTTER } from "./bar-geometry.ts";
import { TICK_WIDTH } from "./bar-painter.ts";
import { part } from "./part.ts";
import styles from "./timeline.module.css";

/** The times above the bars. */
export class TimelineAxis {
  readonly element = part("div", styles.axis);
  /** What it was last drawn for: scrolling leaves it as it is. */
  #drawn = "";

  constructor() {
    this.element.setAttribute("role", "columnheader");
    this.element.setAttribute("aria-label", "Time");
  }

  /** @param width of the time axis, CSS pixels */
  draw(window: TimeWindow, extent: number, width: number): void {
    const drawn = `${window.from} ${window.to} ${extent} ${width}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const { step, times } = ticks(window, width / TICK_WIDTH);
    const labels = times.map((time) => {
      const x = timeToX(window, width, time);
      const label = document.createElement("span");
      label.textContent = formatOffset(time, step, extent);
      label.style.transform = `translateX(${Math.round(x) + GUTTER.left}px)`;
      label.hidden = x > width - 44 && x < width;
      return label;
    });
    this.element.replaceChildren(...labels);
  }
}
