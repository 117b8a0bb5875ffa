import type { Counter, Metrics } from "../../component/metrics.ts";
import { type AnyValue, type Attributes, anyValueText, findAttribute, type KeyValue } from "../../model/any-value.ts";
import type { ResourceSpans, ScopeSpans, Span, TracesData } from "../../model/span.ts";
import type { GroupByAttributesConfig } from "./attribute-actions-config.ts";
import type { Rewrite, Rewritten } from "./rewrite.ts";

/**
 * Resources that one batch may be split into; spans beyond stay where they are. A key unlike in every span is no
 * resource.
 */
const MAX_RESOURCES = 4_096;

interface Place {
  readonly entry: ResourceSpans;
  readonly scopes: Map<ScopeSpans, { readonly spans: Span[]; readonly rows: number[] }>;
}

export function createGrouping(config: GroupByAttributesConfig, metrics: Metrics): Rewrite | undefined {
  return config.keys.length === 0 ? undefined : new GroupByAttributes(config, metrics);
}

/**
 * Moves attributes from spans to their resource, as the Collector's groupbyattrs processor: spans that agree in the
 * values share a resource, which keeps what the original says beside them; spans with none of the keys stay.
 */
class GroupByAttributes implements Rewrite {
  readonly #keys: ReadonlySet<string>;
  readonly #moved: Counter;
  readonly #left: Counter;

  constructor(config: GroupByAttributesConfig, metrics: Metrics) {
    this.#keys = new Set(config.keys);
    this.#moved = metrics.counter(
      "spanloom_groupbyattrs_spans_total",
      "Spans whose attributes moved to their resource.",
    );
    this.#left = metrics.counter(
      "spanloom_groupbyattrs_left_spans_total",
      `Spans left as they were because their batch would need more than ${MAX_RESOURCES} resources.`,
    );
  }

  apply(data: TracesData): Rewritten {
    const places: Place[] = [];
    let row = 0;
    let moved = 0;
    for (const entry of data) {
      const byValues = new Map<string, Place>();
      for (const group of entry.scopeSpans) {
        for (const span of group.spans) {
          const taken = span.attributes.filter(({ key }) => this.#keys.has(key));
          let signature = taken.length === 0 ? "" : signatureOf(taken);
          if (signature !== "" && !byValues.has(signature) && places.length >= MAX_RESOURCES) {
            this.#left.add(1);
            signature = "";
          }
          let place = byValues.get(signature);
          if (place === undefined) {
            place = { entry: signature === "" ? entry : withAttributes(entry, taken), scopes: new Map() };
            byValues.set(signature, place);
            places.push(place);
          }
          const spans = scopeOf(place, group);
          const goes = signature !== "";
          if (goes) moved++;
          spans.spans.push(
            goes ? { ...span, attributes: span.attributes.filter(({ key }) => !this.#keys.has(key)) } : span,
          );
          spans.rows.push(row++);
        }
      }
    }
    if (moved === 0) return { data, order: undefined };
    this.#moved.add(moved);
    return {
      data: places.map(({ entry, scopes }) => ({
        ...entry,
        scopeSpans: [...scopes].map(([group, { spans }]) => ({ ...group, spans })),
      })),
      order: places.flatMap(({ scopes }) => [...scopes.values()].flatMap(({ rows }) => rows)),
    };
  }
}

function scopeOf({ scopes }: Place, group: ScopeSpans) {
  let found = scopes.get(group);
  if (found === undefined) {
    found = { spans: [], rows: [] };
    scopes.set(group, found);
  }
  return found;
}

/** Values by key, whatever the order they came in; the first of a repeated key counts. */
function signatureOf(taken: Attributes): string {
  const keys = [...new Set(taken.map(({ key }) => key))].sort();
  return JSON.stringify(
    keys.map((key) => {
      const value = findAttribute(taken, key) as AnyValue;
      return [key, value.type, anyValueText(value)];
    }),
  );
}

function withAttributes(entry: ResourceSpans, taken: Attributes): ResourceSpans {
  const firsts: KeyValue[] = [];
  for (const attribute of taken) if (findAttribute(firsts, attribute.key) === undefined) firsts.push(attribute);
  const kept = entry.resource.attributes.filter(({ key }) => findAttribute(firsts, key) === undefined);
  return { ...entry, resource: { ...entry.resource, attributes: [...kept, ...firsts] } };
}
