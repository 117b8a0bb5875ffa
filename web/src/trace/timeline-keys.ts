import { nearestPosition } from "./folding.ts";
import type { TraceLayout } from "./layout.ts";

interface KeyPlace {
  readonly layout: TraceLayout;
  readonly visible: Int32Array;
  readonly folded: Uint8Array;
  /** The active row; must be visible. */
  readonly active: number;
  /** Rows that PageUp and PageDown move by. */
  readonly page: number;
}

type KeyAnswer = { readonly row: number; readonly toggle?: undefined } | { readonly toggle: number };

/**
 * Where a key leads, as WAI-ARIA's treegrid pattern has it for rows: arrows, Page, Home and End move; Right unfolds a
 * folded row and else enters its children; Left folds an open row and else goes to the parent. Undefined for other keys.
 */
export function rowForKey(key: string, place: KeyPlace): KeyAnswer | undefined {
  const { layout, visible, folded, active, page } = place;
  if (visible.length === 0) return undefined;
  const position = nearestPosition(visible, active);
  const at = (target: number): KeyAnswer => ({ row: visible[Math.max(0, Math.min(visible.length - 1, target))]! });
  const parent = layout.size[active]! > 1;
  switch (key) {
    case "ArrowDown":
      return at(position + 1);
    case "ArrowUp":
      return at(position - 1);
    case "PageDown":
      return at(position + page);
    case "PageUp":
      return at(position - page);
    case "Home":
      return at(0);
    case "End":
      return at(visible.length - 1);
    case "ArrowRight":
      if (!parent) return at(position);
      return folded[active] === 1 ? { toggle: active } : at(position + 1);
    case "ArrowLeft":
      if (parent && folded[active] === 0) return { toggle: active };
      return { row: layout.parent[active]! >= 0 ? layout.parent[active]! : active };
    default:
      return undefined;
  }
}
