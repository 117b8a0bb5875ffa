import { createContext } from "react";
import type { UiExternalCalls, UiExternalNode } from "../../../src/query/ui/external-calls/external-types.ts";
import type { MapLink } from "./model/map-figures.ts";

/** What is on the map and no service, by the name that its links have. */
export type Externals = ReadonlyMap<string, UiExternalNode>;

export const NO_EXTERNALS: Externals = new Map();

/** Those of the page. */
export const ExternalsOfPage = createContext<Externals>(NO_EXTERNALS);

export function externalsOf(answer: UiExternalCalls | undefined): Externals {
  return answer === undefined ? NO_EXTERNALS : new Map(answer.nodes.map((node) => [node.id, node]));
}

/** Calls of services and those to what is none, in one list. */
export function withExternal(links: readonly MapLink[], answer: UiExternalCalls | undefined): readonly MapLink[] {
  return answer === undefined || answer.links.length === 0 ? links : [...links, ...answer.links];
}

/** TraceQL of the spans of a service, or of those that call something else; to stand between braces. */
export function spansAt(externals: Externals, name: string): string {
  return externals.get(name)?.condition ?? `resource.service.name = ${JSON.stringify(name)}`;
}
