import { groupOf, groupOfHead, type SiblingGroup, type SiblingGroups } from "./sibling-groups.ts";

/** Which groups of equal siblings are open: all or none of them, and heads that are the other way round. */
export interface OpenGroups {
  readonly all: boolean;
  /** Span ids of heads. */
  readonly flipped: readonly string[];
}

const SPAN_ID = /^[0-9a-f]{16}$/;

/**
 * As it stands in the address: span ids of heads parted by dots, `all` before those that are closed among open ones.
 */
export function parseOpenGroups(text: string | undefined): OpenGroups {
  const parts = text?.split(".") ?? [];
  return { all: parts[0] === "all", flipped: parts.filter((part) => SPAN_ID.test(part)) };
}

export function openGroupsText({ all, flipped }: OpenGroups): string | undefined {
  const parts = [...(all ? ["all"] : []), ...flipped];
  return parts.length === 0 ? undefined : parts.join(".");
}

/**
 * For the head of each closed group the row that comes after the group, 0 for every other row; undefined where none is
 * closed.
 */
export function closedGroups({ list, ofRow }: SiblingGroups, all: boolean, flipped: readonly number[]) {
  if (ofRow === undefined) return undefined;
  const other = new Set(flipped);
  let ends: Int32Array | undefined;
  for (const { head, end } of list) {
    if (all !== other.has(head)) continue;
    ends ??= new Int32Array(ofRow.length);
    ends[head] = end;
  }
  return ends;
}

/** Heads of the closed groups that hide a row: those to open so that it shows. `path` leads down to the row. */
export function closedAround(groups: SiblingGroups, closed: Int32Array | undefined, path: readonly number[]): number[] {
  const row = path.at(-1) ?? -1;
  const heads = path.flatMap((above) => {
    const group = closed === undefined ? undefined : groupOf(groups, above);
    const hides = group !== undefined && closed?.[group.head] !== 0 && row > group.head && row < group.end;
    return hides ? [group.head] : [];
  });
  // Every level of a chain names it.
  return [...new Set(heads)];
}

/** The closed group of siblings whose first the row is, or undefined. */
export function closedGroupAt(
  groups: SiblingGroups,
  closed: Int32Array | undefined,
  row: number,
): SiblingGroup | undefined {
  const group = row < 0 || closed === undefined ? undefined : groupOfHead(groups, row);
  return group?.kind === "siblings" && closed?.[row] === group.end ? group : undefined;
}
