import type { UiDependenciesResponse } from "../../../../src/query/ui/api-types.ts";

export type MapLink = UiDependenciesResponse["links"][number];

/** How much fails, by the share of the calls: nothing, under 1 %, from 1 %, from 5 %. */
export type ErrorLevel = "none" | "few" | "some" | "many";

export const SOME_ERRORS = 0.01;
export const MANY_ERRORS = 0.05;

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
