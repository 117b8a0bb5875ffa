import { clampWindow, type TimeWindow, xToTime, zoomAround } from "../../format/time-scale.ts";
import { countBetween, nearestPosition, positionOf } from "../model/folding.ts";
import type { MergedPairs } from "../model/pairs.ts";
import { groupOfHead } from "../model/sibling-groups.ts";
import { rowOfSpan, spanKey, type TraceModel } from "../model/trace-model.ts";
import type { UsualOfRow } from "../model/usual-of-row.ts";
import { GUTTER } from "./bar-geometry.ts";
import { BarPainter } from "./bar-painter.ts";
import { HoverCard } from "./hover-card.ts";
import { indentOf } from "./indent.ts";
import { readPalette } from "./palette.ts";
import { part } from "./part.ts";
import styles from "./timeline.module.css";
import { TimelineAxis } from "./timeline-axis.ts";
import { rowForKey } from "./timeline-keys.ts";
import { TimelineRow } from "./timeline-row.ts";

const ROW_HEIGHT = 26;
const HEAD_HEIGHT = 28;
/** Of the name column, what indents take at most. */
const INDENT_SHARE = 0.4;
const FOLLOW_MS = 120;

/** All that the timeline shows; handed over whole, compared part by part. */
export interface TimelineState {
  readonly model: TraceModel;
  readonly visible: Int32Array;
  readonly folded: Uint8Array;
  /** Ends of the closed groups of siblings, by their heads' rows; undefined where none is closed. */
  readonly closed: Int32Array | undefined;
  readonly window: TimeWindow;
  /** Row of the open span, −1 for none. */
  readonly selected: number;
  /** Where servers stand in the rows of their clients. */
  readonly merged: MergedPairs | undefined;
  /** Rows the find text matches, ascending. */
  readonly matches: Int32Array;
  /** What is usual for a row's operation, where it is known. */
  readonly usual: UsualOfRow | undefined;
  /** Width of the name column in CSS pixels. */
  readonly nameWidth: number;
}

export interface TimelineEvents {
  open(row: number): void;
  close(): void;
  toggle(row: number): void;
  /** Opens or closes the group of siblings that begins with the row. */
  toggleGroup(head: number): void;
  zoom(window: TimeWindow): void;
}

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
  readonly #card = new HoverCard();
  readonly #pool: TimelineRow[] = [];
  /** Visible position each pooled row was last filled for; −1 forces a refill. */
  #filled: number[] = [];
  #state: TimelineState | undefined;
  /** What the rows were last indented by. */
  #indented = "";
  #active = 0;
  #frame = 0;
  #following: ReturnType<typeof setTimeout> | undefined;
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
    host.append(this.#content, this.#card.element);
    this.#painter = new BarPainter(this.#canvas, readPalette(host));

    const { signal } = this.#abort;
    const onScroll = () => {
      this.#card.hide();
      this.#schedule();
    };
    host.addEventListener("scroll", onScroll, { signal, passive: true });
    host.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    host.addEventListener("wheel", (event) => this.#onWheel(event), { signal, passive: false });
    this.#layer.addEventListener("click", (event) => this.#onClick(event), { signal });
    this.#layer.addEventListener("pointermove", (event) => this.#onPoint(event), { signal, passive: true });
    for (const type of ["pointerleave", "pointerdown"] as const) {
      this.#layer.addEventListener(type, () => this.#card.hide(), { signal, passive: true });
    }
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
    if (!windowOnly) this.#filled.fill(-1);
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
    this.#content.remove();
    this.#card.destroy();
  }

  #schedule(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#state !== undefined) this.#draw(this.#state);
    });
  }

  #draw(state: TimelineState): void {
    const { visible, nameWidth } = state;
    this.#sizeContent(state);
    this.#host.style.setProperty("--name-width", `${nameWidth}px`);
    const scrollTop = this.#host.scrollTop;
    const height = Math.max(0, this.#host.clientHeight - HEAD_HEIGHT);
    this.#layer.style.height = `${height}px`;
    const slots = Math.min(visible.length, Math.ceil(height / ROW_HEIGHT) + 1);
    this.#fitPool(slots);
    const first = Math.floor(scrollTop / ROW_HEIGHT);
    const indent = indentOf(state, first, Math.min(visible.length, first + slots), nameWidth * INDENT_SHARE);
    if (indent.key !== this.#indented) this.#filled.fill(-1);
    this.#indented = indent.key;
    let activeId = "";
    for (let position = first; position < first + slots; position++) {
      const slot = position % slots;
      const pooled = this.#pool[slot]!;
      const row = visible[position];
      pooled.element.hidden = row === undefined;
      if (row === undefined) {
        pooled.element.dataset.active = "false";
        continue;
      }
      if (this.#filled[slot] !== position) {
        this.#filled[slot] = position;
        const group = groupOfHead(state.model.groups, row);
        const closed = group !== undefined && state.closed?.[row] === group.end;
        pooled.fill({
          model: state.model,
          row,
          position,
          folded: state.folded[row] === 1,
          merged: state.merged,
          group,
          closed,
          selected: row === shownRow(state, state.selected),
          match: isMatch(state, row, closed ? group.end : row + 1),
          indent,
        });
      }
      pooled.element.style.transform = `translateY(${position * ROW_HEIGHT - scrollTop}px)`;
      const active = row === this.#active;
      pooled.element.dataset.active = String(active);
      if (active) activeId = pooled.element.id;
    }
    if (activeId === "") this.#host.removeAttribute("aria-activedescendant");
    else this.#host.setAttribute("aria-activedescendant", activeId);
    const width = this.#axisWidth(state);
    this.#axis.draw(state.window, state.model.extent, width);
    this.#painter.paint({ ...state, scrollTop, rowHeight: ROW_HEIGHT, width, height });
  }

  #axisWidth({ nameWidth }: TimelineState): number {
    return Math.max(0, this.#host.clientWidth - nameWidth - GUTTER.left - GUTTER.right);
  }

  #sizeContent(state: TimelineState): void {
    this.#host.setAttribute("aria-rowcount", String(state.visible.length + 1));
    this.#content.style.height = `${HEAD_HEIGHT + state.visible.length * ROW_HEIGHT}px`;
  }

  #fitPool(slots: number): void {
    if (this.#pool.length === slots) return;
    while (this.#pool.length > slots) this.#pool.pop()!.element.remove();
    while (this.#pool.length < slots) {
      const row = new TimelineRow(`tl-row-${this.#pool.length}`);
      this.#pool.push(row);
      this.#layer.append(row.element);
    }
    this.#filled = new Array<number>(slots).fill(-1);
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

  /** Over a bar, once the pointer rests, stands what it shows in words. */
  #onPoint(event: PointerEvent): void {
    const state = this.#state;
    const element = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
    const overBars = event.clientX - this.#host.getBoundingClientRect().left > (state?.nameWidth ?? 0);
    if (state === undefined || element === null || !overBars || event.pointerType === "touch") {
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

  #onWheel(event: WheelEvent): void {
    const state = this.#state;
    if (state === undefined) return;
    const width = this.#axisWidth(state);
    const { window, model } = state;
    if (event.ctrlKey) {
      const x = event.clientX - this.#host.getBoundingClientRect().left - state.nameWidth - GUTTER.left;
      const time = xToTime(window, width, Math.max(0, x));
      this.#events.zoom(zoomAround(window, time, Math.exp(event.deltaY / 300), model.extent));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const pixels = event.deltaX !== 0 ? event.deltaX : event.deltaY;
      const shift = (pixels / width) * (window.to - window.from);
      this.#events.zoom(clampWindow({ from: window.from + shift, to: window.to + shift }, model.extent));
    } else {
      return;
    }
    event.preventDefault();
  }
}

/** The row that stands for one: its own, or that of the client whose server it is. */
function shownRow({ merged, model }: TimelineState, row: number): number {
  return row >= 0 && merged !== undefined && merged.hidden[row] === 1 ? model.layout.parent[row]! : row;
}

/** Whether the find text matches one of the rows that a row stands for. */
function isMatch({ matches, merged, model }: TimelineState, row: number, end: number): boolean {
  const server = merged === undefined ? -1 : model.servers[row]!;
  return countBetween(matches, row, end) > 0 || (server >= 0 && positionOf(matches, server) >= 0);
}
