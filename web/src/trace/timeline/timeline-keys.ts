import { nearestPosition } from "../model/folding.ts";
import type { TraceLayout } from "../model/layout.ts";
import { groupOf, type SiblingGroups } from "../model/sibling-groups.ts";

interface KeyPlace {
  readonly layout: TraceLayout;
  readonly visible: Int32Array;
  readonly folded: Uint8Array;
  readonly groups: SiblingGroups;
  /** Ends of closed groups by their heads' rows; undefined where none is closed. */
  readonly closed: Int32Array | undefined;
  /** The active row; must be visible. */
  readonly active: number;
  /** Rows that PageUp and PageDown move by. */
  readonly page: number;
}

type KeyAnswer = { readonly row: number } | { readonly toggle: number } | { readonly toggleGroup: number };

/**
 * Where a key leads, as WAI-ARIA's treegrid pattern has it for rows: arrows, Page, Home and End move; Right unfolds a
 * folded row and else enters its children; Left folds an open row and else goes to the parent. A closed group of
 * siblings is opened like a folded row; an open one is left to its first sibling and closed there. Undefined for other
 * keys.
 */
export function rowForKey(key: string, place: KeyPlace): KeyAnswer | undefined {
  const { layout, visible, folded, groups, closed, active, page } = place;
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
      if (closed !== undefined && closed[active]! > 0) return { toggleGroup: active };
      if (!parent) return at(position);
      return folded[active] === 1 ? { toggle: active } : at(position + 1);
    case "ArrowLeft":
      return leave(layout, groups, closed, active, parent && folded[active] === 0);
    default:
      return undefined;
  }
}

/**
 * From an open row to its fold, from a sibling of a group to the first, from there to the closed group, else to the
 * parent.
 */
function leave(
  layout: TraceLayout,
  groups: SiblingGroups,
  closed: Int32Array | undefined,
  active: number,
  unfolded: boolean,
): KeyAnswer {
  const shut = closed !== undefined && closed[active]! > 0;
  if (unfolded && !shut) return { toggle: active };
  const group = groupOf(groups, active);
  if (group !== undefined && !shut) return group.head === active ? { toggleGroup: active } : { row: group.head };
  return { row: layout.parent[active]! >= 0 ? layout.parent[active]! : active };
}
