import type { CriticalPath } from "../../../../src/query/analysis/critical-path.ts";
import { afterPaint, MANY_SPANS } from "../../ui/after-paint.ts";
import { nearestPosition, positionOf } from "../model/folding.ts";
import { rowOfSpan, spanKey } from "../model/trace-model.ts";
import { GUTTER } from "./bar-geometry.ts";
import { BarPainter } from "./bar-painter.ts";
import { readPalette } from "./palette.ts";
import { part } from "./part.ts";
import styles from "./timeline.module.css";
import { TimelineAxis } from "./timeline-axis.ts";
import { rowForKey } from "./timeline-keys.ts";
import { TimelinePointer } from "./timeline-pointer.ts";
import { ROW_HEIGHT, shownRow, TimelineRows } from "./timeline-rows.ts";
import type { TimelineEvents, TimelineState } from "./timeline-state.ts";

const HEAD_HEIGHT = 28;
const FOLLOW_MS = 120;

/**
 * The timeline in a scrolling element: about as many DOM rows as fit on screen, used again while scrolling, and one
 * canvas for the bars. Both stand in a layer that sticks to the viewport and are placed in the same frame, so names and
 * bars never come apart. Focus stays on the scroller; the row it points at is `aria-activedescendant`.
 */
export class TimelineView {
  readonly #host: HTMLElement;
  readonly #events: TimelineEvents;
  readonly #content = part("div", styles.content);
  readonly #head = part("div", styles.head);
  readonly #axis = new TimelineAxis();
  readonly #layer = part("div", styles.layer);
  readonly #canvas = part("canvas", styles.canvas);
  readonly #painter: BarPainter;
  readonly #rows = new TimelineRows(this.#layer);
  readonly #pointer: TimelinePointer;
  #state: TimelineState | undefined;
  #active = 0;
  #frame = 0;
  #following: ReturnType<typeof setTimeout> | undefined;
  #hasDrawnPath = false;
  #takeBackPath: (() => void) | undefined;
  readonly #observer: ResizeObserver;
  readonly #abort = new AbortController();

  constructor(host: HTMLElement, events: TimelineEvents) {
    this.#host = host;
    this.#events = events;
    host.setAttribute("role", "treegrid");
    host.setAttribute("aria-label", "Spans of the trace");
    host.tabIndex = 0;
    this.#head.setAttribute("role", "row");
    this.#head.setAttribute("aria-rowindex", "1");
    const name = part("div", styles.headName);
    name.setAttribute("role", "columnheader");
    name.textContent = "Service and operation";
    this.#head.append(name, this.#axis.element);
    this.#layer.setAttribute("role", "rowgroup");
    this.#canvas.setAttribute("aria-hidden", "true");
    this.#layer.append(this.#canvas);
    this.#content.append(this.#head, this.#layer);
    host.append(this.#content);
    this.#painter = new BarPainter(this.#canvas, readPalette(host));

    const { signal } = this.#abort;
    host.addEventListener("scroll", () => this.#schedule(), { signal, passive: true });
    host.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    this.#layer.addEventListener("click", (event) => this.#onClick(event), { signal });
    this.#pointer = new TimelinePointer({ host, layer: this.#layer, axis: this.#axis.element }, (window) =>
      events.zoom(window),
    );
    this.#observer = new ResizeObserver(() => this.#schedule());
    this.#observer.observe(host);
  }

  get activeRow(): number {
    return this.#active;
  }

  /** Shows a new state in the next frame. */
  update(state: TimelineState): void {
    const before = this.#state;
    this.#state = state;
    if (before !== undefined && before.model !== state.model) this.#followSpans(before, state);
    const windowOnly =
      before !== undefined &&
      before.model === state.model &&
      before.visible === state.visible &&
      before.selected === state.selected &&
      before.merged === state.merged &&
      before.matches === state.matches &&
      before.nameWidth === state.nameWidth;
    if (!windowOnly) this.#rows.refill();
    this.#schedule();
  }

  /** A trace that has grown has its spans in other rows: the active one and the one on top stay where they are. */
  #followSpans(before: TimelineState, state: TimelineState): void {
    const rowIn = (row: number) => rowOfSpan(state.model.columns, spanKey(before.model.columns, row));
    const top = before.visible[Math.floor(this.#host.scrollTop / ROW_HEIGHT)];
    if (this.#host.scrollTop > 0 && top !== undefined) {
      const moved = positionOf(state.visible, rowIn(top));
      const shift = moved < 0 ? 0 : moved - positionOf(before.visible, top);
      this.#sizeContent(state);
      this.#host.scrollTop += shift * ROW_HEIGHT;
    }
    const active = this.#active < before.model.columns.count ? rowIn(this.#active) : -1;
    this.#active = Math.max(0, active);
  }

  /** Makes a row the active one and brings it into view; a row under a fold gives way to the fold. */
  reveal(wanted: number, where: "nearest" | "centre" = "nearest"): void {
    const row = this.#state === undefined ? wanted : shownRow(this.#state, wanted);
    this.#active = row;
    if (this.#state === undefined) return;
    this.#sizeContent(this.#state);
    const top = nearestPosition(this.#state.visible, row) * ROW_HEIGHT;
    const height = this.#host.clientHeight - HEAD_HEIGHT;
    const shown = top >= this.#host.scrollTop && top + ROW_HEIGHT <= this.#host.scrollTop + height;
    if (!shown) {
      if (where === "centre") this.#host.scrollTop = top - height / 2;
      else this.#host.scrollTop = top < this.#host.scrollTop ? top : top + ROW_HEIGHT - height;
    }
    this.#schedule();
  }

  focus(): void {
    this.#host.focus({ preventScroll: true });
  }

  /** Reads the theme's colours again. */
  repaint(): void {
    this.#painter.setPalette(readPalette(this.#host));
    this.#schedule();
  }

  destroy(): void {
    this.#abort.abort();
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#following);
    this.#takeBackPath?.();
    this.#content.remove();
    this.#pointer.destroy();
  }

  #schedule(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#state !== undefined) this.#draw(this.#state);
    });
  }

  #draw(state: TimelineState): void {
    this.#sizeContent(state);
    this.#host.style.setProperty("--name-width", `${state.nameWidth}px`);
    const scrollTop = this.#host.scrollTop;
    const height = Math.max(0, this.#host.clientHeight - HEAD_HEIGHT);
    this.#layer.style.height = `${height}px`;
    const activeId = this.#rows.draw(state, scrollTop, height, this.#active);
    if (activeId === "") this.#host.removeAttribute("aria-activedescendant");
    else this.#host.setAttribute("aria-activedescendant", activeId);
    const width = Math.max(0, this.#host.clientWidth - state.nameWidth - GUTTER.left - GUTTER.right);
    this.#pointer.update(state, width);
    this.#axis.draw(state.window, state.model.extent, width);
    this.#painter.paint({ ...state, path: this.#pathOf(state), scrollTop, rowHeight: ROW_HEIGHT, width, height });
  }

  /** Undefined while it is still to be made, which takes as long as all else here together; then it is drawn again. */
  #pathOf({ model: { times, columns } }: TimelineState): CriticalPath | undefined {
    if (columns.count <= MANY_SPANS || times.knowsPath || this.#hasDrawnPath) {
      this.#hasDrawnPath = true;
      return times.path;
    }
    this.#takeBackPath ??= afterPaint(() => {
      this.#takeBackPath = undefined;
      if (this.#state?.model.times.path !== undefined) this.#schedule();
    });
    return undefined;
  }

  #sizeContent(state: TimelineState): void {
    this.#host.setAttribute("aria-rowcount", String(state.visible.length + 1));
    this.#content.style.height = `${HEAD_HEIGHT + state.visible.length * ROW_HEIGHT}px`;
  }

  #onKey(event: KeyboardEvent): void {
    const state = this.#state;
    if (state === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && state.selected >= 0) {
      clearTimeout(this.#following);
      this.#events.close();
    } else if (event.key === "Enter" || event.key === " ") {
      this.#events.open(this.#visibleActive(state));
    } else {
      const page = Math.max(1, Math.floor((this.#host.clientHeight - HEAD_HEIGHT) / ROW_HEIGHT) - 1);
      const answer = rowForKey(event.key, {
        ...state,
        layout: state.model.layout,
        groups: state.model.groups,
        active: this.#visibleActive(state),
        page,
      });
      if (answer === undefined) return;
      if ("toggle" in answer) this.#events.toggle(answer.toggle);
      else if ("toggleGroup" in answer) this.#events.toggleGroup(answer.toggleGroup);
      else {
        this.reveal(answer.row);
        if (state.selected >= 0) this.#follow(answer.row);
      }
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** The open span comes along, once the keys rest. */
  #follow(row: number): void {
    clearTimeout(this.#following);
    this.#following = setTimeout(() => this.#events.open(row), FOLLOW_MS);
  }

  /** The active row, or the fold that hides it. */
  #visibleActive(state: TimelineState): number {
    if (positionOf(state.visible, this.#active) < 0) {
      this.#active = state.visible[nearestPosition(state.visible, this.#active)] ?? 0;
    }
    return this.#active;
  }

  #onClick(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    const element = target.closest<HTMLElement>("[data-row]");
    if (element === null) return;
    const row = Number(element.dataset.row);
    this.#active = row;
    const sign = target.closest<HTMLElement>("[data-opens]");
    if (sign?.dataset.opens === "group") this.#events.toggleGroup(row);
    else if (sign?.dataset.opens === "row") this.#events.toggle(row);
    else this.#events.open(row);
    this.#schedule();
  }
}
