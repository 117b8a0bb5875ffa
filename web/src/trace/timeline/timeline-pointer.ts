import { formatOffset } from "../../format/duration.ts";
import { clampWindow, type TimeWindow, xToTime, zoomAround } from "../../format/time-scale.ts";
import { groupOfHead } from "../model/sibling-groups.ts";
import { axisRange } from "./axis-range.ts";
import { GUTTER } from "./bar-geometry.ts";
import { HoverCard } from "./hover-card.ts";
import { part } from "./part.ts";
import styles from "./timeline.module.css";
import type { TimelineState } from "./timeline-state.ts";

interface PointedParts {
  /** What scrolls. */
  readonly host: HTMLElement;
  /** The rows and bars. */
  readonly layer: HTMLElement;
  readonly axis: HTMLElement;
}

/**
 * What a pointer does over the timeline: a line with the time where it is, a card for the bar below it, a drag over the
 * axis and the wheel to zoom. Keys do the same (`+`, `-`, `0`), so nothing of it is for readers of the screen.
 */
export class TimelinePointer {
  readonly #parts: PointedParts;
  readonly #zoom: (window: TimeWindow) => void;
  readonly #card = new HoverCard();
  readonly #line = part("div", styles.crosshair);
  readonly #time = part("span", styles.crosshairTime);
  readonly #range = part("div", styles.range);
  #state: TimelineState | undefined;
  #width = 0;
  /** Where a drag over the axis began, CSS pixels of its width. */
  #grip: number | undefined;
  readonly #abort = new AbortController();

  constructor(parts: PointedParts, zoom: (window: TimeWindow) => void) {
    this.#parts = parts;
    this.#zoom = zoom;
    const { host, layer, axis } = parts;
    for (const element of [this.#line, this.#time, this.#range]) {
      element.hidden = true;
      element.setAttribute("aria-hidden", "true");
    }
    layer.append(this.#line, this.#range);
    axis.parentElement!.append(this.#time);
    host.append(this.#card.element);
    const { signal } = this.#abort;
    const options = { signal, passive: true };
    host.addEventListener("wheel", (event) => this.#onWheel(event), { signal, passive: false });
    host.addEventListener("scroll", () => this.#card.hide(), options);
    layer.addEventListener("pointermove", (event) => this.#onBars(event), options);
    layer.addEventListener("pointerdown", () => this.#card.hide(), options);
    axis.addEventListener("pointermove", (event) => this.#onAxis(event), options);
    axis.addEventListener("pointerdown", (event) => this.#onGrip(event), options);
    axis.addEventListener("pointerup", (event) => this.#onDrop(event), options);
    axis.addEventListener("pointercancel", () => this.#letGo(), options);
    // The page's own keys hear it, too: nothing is closed while a drag is given up.
    axis.ownerDocument.addEventListener("keydown", (event) => this.#onEscape(event), { signal, capture: true });
    for (const element of [layer, axis]) element.addEventListener("pointerleave", () => this.#leave(), options);
  }

  /** @param width of the time axis, CSS pixels */
  update(state: TimelineState, width: number): void {
    if (this.#state?.window !== state.window || this.#width !== width) this.#hideLine();
    this.#state = state;
    this.#width = width;
  }

  destroy(): void {
    this.#abort.abort();
    this.#card.destroy();
  }

  /** CSS pixels from where the time axis begins. */
  #xOf(event: MouseEvent, { nameWidth }: TimelineState): number {
    return event.clientX - this.#parts.host.getBoundingClientRect().left - nameWidth - GUTTER.left;
  }

  #onBars(event: PointerEvent): void {
    this.#point(event);
    const state = this.#state;
    const element = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
    if (state === undefined || element === null || this.#xOf(event, state) < -GUTTER.left || isTouch(event)) {
      this.#card.hide();
      return;
    }
    const row = Number(element.dataset.row);
    const group = groupOfHead(state.model.groups, row);
    this.#card.point(event.clientX, event.clientY, {
      model: state.model,
      row,
      server: state.merged === undefined ? -1 : state.model.servers[row]!,
      group: group?.kind === "siblings" && state.closed?.[row] === group.end ? group : undefined,
      usual: state.usual?.(row),
    });
  }

  /** The line stands where the pointer is, and the time over it. */
  #point(event: PointerEvent): void {
    const state = this.#state;
    const x = state === undefined ? -1 : this.#xOf(event, state);
    if (state === undefined || x < 0 || x > this.#width || isTouch(event)) {
      this.#hideLine();
      return;
    }
    const { window, model, nameWidth } = state;
    const pixel = (window.to - window.from) / Math.max(1, this.#width);
    this.#time.textContent = formatOffset(xToTime(window, this.#width, x), pixel, model.extent);
    this.#time.hidden = false;
    this.#line.hidden = false;
    const left = nameWidth + GUTTER.left + x;
    this.#line.style.transform = `translateX(${Math.round(left)}px)`;
    const half = this.#time.offsetWidth / 2;
    const most = this.#parts.host.clientWidth - 2 * half;
    this.#time.style.transform = `translateX(${Math.round(Math.max(nameWidth, Math.min(most, left - half)))}px)`;
  }

  #onGrip(event: PointerEvent): void {
    const state = this.#state;
    if (state === undefined || event.button !== 0 || isTouch(event)) return;
    this.#parts.axis.setPointerCapture(event.pointerId);
    this.#grip = this.#xOf(event, state);
  }

  #onAxis(event: PointerEvent): void {
    this.#point(event);
    const range = this.#dragged(event);
    this.#range.hidden = range === undefined;
    if (range === undefined || this.#state === undefined) return;
    this.#range.style.left = `${this.#state.nameWidth + GUTTER.left + range.from}px`;
    this.#range.style.width = `${range.to - range.from}px`;
  }

  #onDrop(event: PointerEvent): void {
    const range = this.#dragged(event);
    this.#letGo();
    if (range !== undefined) this.#zoom(range.window);
  }

  #dragged(event: PointerEvent) {
    const state = this.#state;
    if (state === undefined || this.#grip === undefined) return undefined;
    return axisRange(state.window, this.#width, state.model.extent, [this.#grip, this.#xOf(event, state)]);
  }

  #letGo(): void {
    this.#grip = undefined;
    this.#range.hidden = true;
  }

  #onEscape(event: KeyboardEvent): void {
    if (event.key !== "Escape" || this.#grip === undefined) return;
    this.#letGo();
    event.stopPropagation();
  }

  #leave(): void {
    this.#card.hide();
    this.#hideLine();
  }

  #hideLine(): void {
    this.#line.hidden = true;
    this.#time.hidden = true;
  }

  #onWheel(event: WheelEvent): void {
    const state = this.#state;
    if (state === undefined) return;
    const { window, model } = state;
    if (event.ctrlKey) {
      const time = xToTime(window, this.#width, Math.max(0, this.#xOf(event, state)));
      this.#zoom(zoomAround(window, time, Math.exp(event.deltaY / 300), model.extent));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const pixels = event.deltaX !== 0 ? event.deltaX : event.deltaY;
      const shift = (pixels / this.#width) * (window.to - window.from);
      this.#zoom(clampWindow({ from: window.from + shift, to: window.to + shift }, model.extent));
    } else {
      return;
    }
    event.preventDefault();
  }
}

function isTouch({ pointerType }: PointerEvent): boolean {
  return pointerType === "touch";
}
