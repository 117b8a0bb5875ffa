import { compareText } from "../../model/compare-text.ts";
import type { Resource, ResourceSpans, Scope, ScopeSpans, Span, TracesData } from "../../model/span.ts";
import { anyValueToJson, bytesToBase64 } from "./any-value-json.ts";

/** A span with its scope, as formats that know no scope messages read it. */
export interface ScopedSpan {
  readonly span: Span;
  readonly scope: Scope;
  readonly scopeSchemaUrl: string;
}

/** A resource with its schema URL. */
export interface ResourceWithSchema {
  readonly resource: Resource;
  readonly resourceSchemaUrl: string;
}

export type PlacedSpan = ScopedSpan & ResourceWithSchema;

/** Text that is equal for equal resources with equal schema URLs, whatever the order of their attributes. */
export function resourceKey({ resource, resourceSchemaUrl }: ResourceWithSchema): string {
  return JSON.stringify([
    sortedAttributes(resource),
    resource.droppedAttributesCount,
    resource.entityRefs.map(bytesToBase64),
    resourceSchemaUrl,
  ]);
}

/** Text that is equal for equal scopes with equal schema URLs. */
export function scopeKey({ scope, scopeSchemaUrl }: ScopedSpan): string {
  if (scope.attributes.length === 0) {
    return JSON.stringify([scope.name, scope.version, scope.droppedAttributesCount, scopeSchemaUrl]);
  }
  return JSON.stringify([
    scope.name,
    scope.version,
    scope.droppedAttributesCount,
    scopeSchemaUrl,
    sortedAttributes(scope),
  ]);
}

function sortedAttributes(holder: Resource | Scope): [string, unknown][] {
  return holder.attributes
    .map((attribute): [string, unknown] => [attribute.key, anyValueToJson(attribute.value)])
    .sort(([a], [b]) => compareText(a, b));
}

/** Groups records by equal resource, in order of first appearance. Work is done once for each resource object. */
export function groupByResource<T extends ResourceWithSchema>(spans: readonly T[]): T[][] {
  const keys = new Map<Resource, Map<string, string>>();
  const groups = new Map<string, T[]>();
  for (const span of spans) {
    let bySchema = keys.get(span.resource);
    if (bySchema === undefined) {
      bySchema = new Map();
      keys.set(span.resource, bySchema);
    }
    let key = bySchema.get(span.resourceSchemaUrl);
    if (key === undefined) {
      key = resourceKey(span);
      bySchema.set(span.resourceSchemaUrl, key);
    }
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [span]);
    else group.push(span);
  }
  return [...groups.values()];
}

/** Spans with equal resources in one ResourceSpans, those with equal scopes in one ScopeSpans, order otherwise kept. */
export function toTracesData(spans: readonly PlacedSpan[]): TracesData {
  return groupByResource(spans).map((group): ResourceSpans => {
    const first = group[0] as PlacedSpan;
    const scopes = new Map<string, { head: ScopedSpan; spans: Span[] }>();
    for (const placed of group) {
      const key = scopeKey(placed);
      const known = scopes.get(key);
      if (known === undefined) scopes.set(key, { head: placed, spans: [placed.span] });
      else known.spans.push(placed.span);
    }
    return {
      resource: first.resource,
      schemaUrl: first.resourceSchemaUrl,
      scopeSpans: Array.from(
        scopes.values(),
        ({ head, spans: members }): ScopeSpans => ({
          scope: head.scope,
          schemaUrl: head.scopeSchemaUrl,
          spans: members,
        }),
      ),
    };
  });
}
