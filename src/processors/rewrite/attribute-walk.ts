import type { Attributes } from "../../model/any-value.ts";
import {
  type Resource,
  type ResourceSpans,
  type Scope,
  type ScopeSpans,
  SPAN_KIND,
  type Span,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type TracesData,
} from "../../model/span.ts";

/** Where attributes stand. */
export const ATTRIBUTE_SCOPES = ["span", "resource", "event", "link", "instrumentation"] as const;
export type AttributeScope = (typeof ATTRIBUTE_SCOPES)[number];

/** What surrounds a list of attributes. */
export interface Surroundings {
  readonly scope: AttributeScope;
  /** Kind of the span; 0 for resources and instrumentation scopes. */
  readonly kind: SpanKind;
  /** Attributes of the resource, as they are after the change. */
  readonly resource: Attributes;
}

/** Gives the changed list, or the very list it was given when nothing changes. */
export type ChangeAttributes = (attributes: Attributes, around: Surroundings) => Attributes;

/** `list.map(change)`, but the same list when every item came back as it was. */
export function mapSame<T>(list: readonly T[], change: (item: T) => T): readonly T[] {
  let changed: T[] | undefined;
  for (const [i, item] of list.entries()) {
    const next = change(item);
    if (next === item) continue;
    changed ??= list.slice();
    changed[i] = next;
  }
  return changed ?? list;
}

/**
 * Applies `change` to every list of attributes, the resource first. Whatever is not changed keeps its identity, up to
 * the data itself: a rewriter sees by it what has to be encoded anew.
 */
export function mapAttributes(data: TracesData, change: ChangeAttributes): TracesData {
  return mapSame(data, (entry: ResourceSpans): ResourceSpans => {
    const resource = changed<Resource>(entry.resource, (list) =>
      change(list, { scope: "resource", kind: SPAN_KIND.unspecified, resource: list }),
    );
    const own = resource.attributes;
    const scopeSpans = mapSame(entry.scopeSpans, (group: ScopeSpans): ScopeSpans => {
      const scope = changed<Scope>(group.scope, (list) =>
        change(list, { scope: "instrumentation", kind: SPAN_KIND.unspecified, resource: own }),
      );
      const spans = mapSame(group.spans, (span) => mapSpan(span, own, change));
      return scope === group.scope && spans === group.spans ? group : { ...group, scope, spans };
    });
    return resource === entry.resource && scopeSpans === entry.scopeSpans ? entry : { ...entry, resource, scopeSpans };
  });
}

/** Applies `change` to every span; identity as for `mapAttributes`. */
export function mapSpans(data: TracesData, change: (span: Span) => Span): TracesData {
  return mapSame(data, (entry: ResourceSpans): ResourceSpans => {
    const scopeSpans = mapSame(entry.scopeSpans, (group: ScopeSpans): ScopeSpans => {
      const spans = mapSame(group.spans, change);
      return spans === group.spans ? group : { ...group, spans };
    });
    return scopeSpans === entry.scopeSpans ? entry : { ...entry, scopeSpans };
  });
}

function mapSpan(span: Span, resource: Attributes, change: ChangeAttributes): Span {
  const { kind } = span;
  const own = changed<Span>(span, (list) => change(list, { scope: "span", kind, resource }));
  const events = mapSame(span.events, (event) =>
    changed<SpanEvent>(event, (list) => change(list, { scope: "event", kind, resource })),
  );
  const links = mapSame(span.links, (link) =>
    changed<SpanLink>(link, (list) => change(list, { scope: "link", kind, resource })),
  );
  return events === span.events && links === span.links ? own : { ...own, events, links };
}

function changed<T extends { readonly attributes: Attributes }>(owner: T, change: (list: Attributes) => Attributes): T {
  const attributes = change(owner.attributes);
  return attributes === owner.attributes ? owner : { ...owner, attributes };
}
