import type { UiDependenciesResponse } from "../../../src/query/ui/api-types.ts";

export type MapLink = UiDependenciesResponse["links"][number];

/** How much fails, by the share of the calls: nothing, under 1 %, from 1 %, from 5 %. */
export type ErrorLevel = "none" | "few" | "some" | "many";

export const SOME_ERRORS = 0.01;
export const MANY_ERRORS = 0.05;
/** More services than this read no longer: the ones that take part in most calls are drawn, and the page says so. */
export const MOST_DRAWN = 60;

export function errorLevel(share: number): ErrorLevel {
  if (!(share > 0)) return "none";
  return share < SOME_ERRORS ? "few" : share < MANY_ERRORS ? "some" : "many";
}

/** 0 to 1; 0 where nothing was called. */
export function errorShare(link: MapLink): number {
  return link.callCount > 0 ? link.errorCount / link.callCount : 0;
}

export function serviceNames(links: readonly MapLink[]): readonly string[] {
  return [...new Set(links.flatMap((link) => [link.parent, link.child]))].sort();
}

/** The services that take part in calls of `name`, and itself. */
export function neighbourhood(links: readonly MapLink[], name: string): ReadonlySet<string> {
  const near = new Set([name]);
  for (const { parent, child } of links) {
    if (parent === name) near.add(child);
    if (child === name) near.add(parent);
  }
  return near;
}

/** The calls between the services that are shown. */
export function shownLinks(
  links: readonly MapLink[],
  near: string | undefined,
  all: boolean,
): { readonly links: readonly MapLink[]; readonly services: number } {
  const names = serviceNames(links);
  if (near === undefined && (all || names.length <= MOST_DRAWN)) return { links, services: names.length };
  const kept = near === undefined ? busiest(links, names) : neighbourhood(links, near);
  const shown = links.filter((link) => kept.has(link.parent) && kept.has(link.child));
  return { links: shown, services: serviceNames(shown).length };
}

function busiest(links: readonly MapLink[], names: readonly string[]): ReadonlySet<string> {
  const calls = new Map(names.map((name) => [name, 0]));
  for (const { parent, child, callCount } of links) {
    calls.set(parent, calls.get(parent)! + callCount);
    calls.set(child, calls.get(child)! + callCount);
  }
  return new Set(names.toSorted((a, b) => calls.get(b)! - calls.get(a)!).slice(0, MOST_DRAWN));
}
