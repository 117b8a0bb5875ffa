import { linkKey } from "./graph/graph-layers.ts";
import { type MapLink, neighbourhood } from "./model/map-figures.ts";

export interface MapCall {
  readonly from: string;
  readonly to: string;
}

/** A service, or the call from one to another. */
export type MapThing =
  | { readonly service: string; readonly from?: never; readonly to?: never }
  | (MapCall & { readonly service?: never });

/** What stands out on the map; the rest is dimmed. */
export interface Marks {
  readonly services: ReadonlySet<string>;
  /** By `linkKey`. */
  readonly edges: ReadonlySet<string>;
}

/** A service stands out with its calls and who takes part in them, a call with its two services. */
export function marksOf(links: readonly MapLink[], thing: MapThing): Marks {
  if (thing.service === undefined) {
    return {
      services: new Set([thing.from, thing.to]),
      edges: new Set([linkKey({ parent: thing.from, child: thing.to })]),
    };
  }
  const { service } = thing;
  const own = links.filter((link) => link.parent === service || link.child === service);
  return { services: neighbourhood(links, service), edges: new Set(own.map(linkKey)) };
}

/** Services with the text in their name, whatever its case; undefined for no text. */
export function foundServices(names: readonly string[], text: string | undefined): readonly string[] | undefined {
  const needle = text?.trim().toLowerCase() ?? "";
  return needle === "" ? undefined : names.filter((name) => name.toLowerCase().includes(needle));
}
