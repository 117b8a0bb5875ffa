import { linkKey } from "../graph/graph-layers.ts";
import { type MapLink, neighbourhood, serviceNames } from "./map-figures.ts";

/** More cards than this are a wall: of larger systems the busiest have their own, the others share some. */
export const MOST_CARDS = 40;
/** Of these, the busiest services. */
const OWN_CARDS = 28;

/** Services that share a card of the map. */
export interface ServiceGroup {
  /** What it is called beside services: none of them has this name. */
  readonly id: string;
  /** Sorted. */
  readonly members: readonly string[];
}

export interface ShownMap {
  /** Between cards: the calls of a group's members are summed up, those within a group are left out. */
  readonly links: readonly MapLink[];
  /** By id. */
  readonly groups: ReadonlyMap<string, ServiceGroup>;
  /** How many are on the map, in groups or not. */
  readonly services: number;
}

const NO_GROUPS: ReadonlyMap<string, ServiceGroup> = new Map();

/**
 * What of the calls is drawn: those of one service and its neighbours, or all; of more than MOST_CARDS services with
 * the less busy ones in groups, unless `all` is asked for. A group of which `open` is the id is drawn as its members.
 * What `isOther` is no service, and in no group with one.
 */
export function shownMap(
  links: readonly MapLink[],
  {
    near,
    all = false,
    open,
    isOther = () => false,
  }: {
    readonly near?: string | undefined;
    readonly all?: boolean;
    readonly open?: string | undefined;
    readonly isOther?: (name: string) => boolean;
  },
): ShownMap {
  if (near !== undefined) {
    const kept = neighbourhood(links, near);
    const shown = links.filter((link) => kept.has(link.parent) && kept.has(link.child));
    return { links: shown, groups: NO_GROUPS, services: serviceNames(shown).length };
  }
  const names = serviceNames(links);
  if (all || names.length <= MOST_CARDS) return { links, groups: NO_GROUPS, services: names.length };
  const groups = new Map(groupsOf(links, names, isOther).map((group) => [group.id, group]));
  if (open !== undefined) groups.delete(open);
  return { links: summed(links, groups), groups, services: names.length };
}

/** The card that shows a service: that of its group, or its own. */
export function cardOf(groups: ReadonlyMap<string, ServiceGroup>, service: string): string {
  for (const { id, members } of groups.values()) if (members.includes(service)) return id;
  return service;
}

/** The calls that a line between two cards stands for. */
export function callsBetween(
  links: readonly MapLink[],
  groups: ReadonlyMap<string, ServiceGroup>,
  from: string,
  to: string,
): readonly MapLink[] {
  const [callers, called] = [from, to].map((card) => new Set(groups.get(card)?.members ?? [card]));
  return links.filter(({ parent, child }) => callers!.has(parent) && called!.has(child));
}

function groupsOf(
  links: readonly MapLink[],
  names: readonly string[],
  isOther: (name: string) => boolean,
): readonly ServiceGroup[] {
  const calls = new Map(names.map((name) => [name, 0]));
  for (const { parent, child, callCount } of links) {
    calls.set(parent, calls.get(parent)! + callCount);
    calls.set(child, calls.get(child)! + callCount);
  }
  const rest = names.toSorted((a, b) => calls.get(b)! - calls.get(a)! || (a < b ? -1 : 1)).slice(OWN_CARDS);
  const services = rest.filter((name) => !isOther(name));
  const byPrefix = Map.groupBy(services, prefixOf);
  const prefixes = [...byPrefix]
    .filter(([prefix, members]) => prefix !== "" && members.length > 1)
    .sort(([a, of], [b, others]) => others.length - of.length || (a < b ? -1 : 1))
    // Two cards are kept for what is in none of these.
    .slice(0, MOST_CARDS - OWN_CARDS - 2);
  const taken = new Set(prefixes.flatMap(([, members]) => members));
  const known = new Set(names);
  const parts: (readonly [string, readonly string[]])[] = [
    ...prefixes.map(([prefix, members]) => [`${prefix}…`, members] as const),
    ["other services", services.filter((name) => !taken.has(name))],
    ["other systems", rest.filter(isOther)],
  ];
  return parts
    .filter(([, members]) => members.length > 0)
    .map(([name, members]) => {
      let id = name;
      while (known.has(id)) id += "…";
      return { id, members: members.toSorted() };
    });
}

/** What stands before the first of what parts a name: `shop-` of `shop-cart`, `acme/` of `acme/shop`; often a team. */
function prefixOf(name: string): string {
  return /^[^-._/: ]+[-._/: ]/.exec(name)?.[0] ?? "";
}

function summed(links: readonly MapLink[], groups: ReadonlyMap<string, ServiceGroup>): readonly MapLink[] {
  const cards = new Map([...groups.values()].flatMap(({ id, members }) => members.map((name) => [name, id] as const)));
  const sums = new Map<string, MapLink>();
  const kept: MapLink[] = [];
  for (const link of links) {
    const [parent, child] = [cards.get(link.parent), cards.get(link.child)];
    if (parent === undefined && child === undefined) {
      kept.push(link);
      continue;
    }
    if (parent === child) continue;
    const line = { parent: parent ?? link.parent, child: child ?? link.child };
    const sum = sums.get(linkKey(line));
    sums.set(linkKey(line), {
      ...line,
      callCount: (sum?.callCount ?? 0) + link.callCount,
      errorCount: (sum?.errorCount ?? 0) + link.errorCount,
    });
  }
  return [...kept, ...sums.values()];
}
