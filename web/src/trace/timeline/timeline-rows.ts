import { countBetween, positionOf } from "../model/folding.ts";
import { groupOfHead } from "../model/sibling-groups.ts";
import { indentOf } from "./indent.ts";
import { TimelineRow } from "./timeline-row.ts";
import type { TimelineState } from "./timeline-state.ts";

/** Of a row, CSS pixels. */
export const ROW_HEIGHT = 26;
/** Of the name column, what indents take at most. */
const INDENT_SHARE = 0.4;

/** The rows that are on screen: about as many elements as fit, used again while scrolling. */
export class TimelineRows {
  readonly #layer: HTMLElement;
  readonly #pool: TimelineRow[] = [];
  /** Visible position each pooled row was last filled for; −1 forces a refill. */
  #filled: number[] = [];
  /** What the rows were last indented by. */
  #indented = "";

  constructor(layer: HTMLElement) {
    this.#layer = layer;
  }

  /** Has every row filled again: they show something else. */
  refill(): void {
    this.#filled.fill(-1);
  }

  /**
   * Places the rows that a scrolled height shows, CSS pixels.
   * @param active the row that the keys move
   * @returns the id of that row's element; empty where it is not on screen
   */
  draw(state: TimelineState, scrollTop: number, height: number, active: number): string {
    const { visible, nameWidth } = state;
    const slots = Math.min(visible.length, Math.ceil(height / ROW_HEIGHT) + 1);
    this.#fitPool(slots);
    const first = Math.floor(scrollTop / ROW_HEIGHT);
    const indent = indentOf(state, first, Math.min(visible.length, first + slots), nameWidth * INDENT_SHARE);
    if (indent.key !== this.#indented) this.refill();
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
      pooled.element.dataset.active = String(row === active);
      if (row === active) activeId = pooled.element.id;
    }
    return activeId;
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
}

/** The row that stands for one: its own, or that of the client whose server it is. */
export function shownRow({ merged, model }: TimelineState, row: number): number {
  return row >= 0 && merged !== undefined && merged.hidden[row] === 1 ? model.layout.parent[row]! : row;
}

/** Whether the find text matches one of the rows that a row stands for. */
function isMatch({ matches, merged, model }: TimelineState, row: number, end: number): boolean {
  const server = merged === undefined ? -1 : model.servers[row]!;
  return countBetween(matches, row, end) > 0 || (server >= 0 && positionOf(matches, server) >= 0);
}
