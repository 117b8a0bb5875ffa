import type { Counter, Metrics } from "../../component/metrics.ts";
import { type AnyValue, type Attributes, anyValueText, findAttribute } from "../../model/any-value.ts";
import type { TracesData } from "../../model/span.ts";
import type { AttributeActionConfig, AttributesConfig, ResourceConfig } from "./attribute-actions-config.ts";
import { type AttributeScope, mapAttributes } from "./attribute-walk.ts";
import { inPlace, type Rewrite } from "./rewrite.ts";

interface Action {
  readonly config: AttributeActionConfig;
  readonly scopes: ReadonlySet<AttributeScope>;
  readonly fromResource: boolean;
  readonly value: AnyValue | undefined;
  readonly changed: Counter;
}

/** The actions of the Collector's resource processor. */
export function createResourceActions({ attributes }: ResourceConfig, metrics: Metrics): Rewrite | undefined {
  if (attributes.length === 0) return undefined;
  const actions = attributes.map((config, i) => ({
    config,
    scopes: new Set(["resource"] as const),
    fromResource: false,
    value: writtenValue(config.value),
    changed: changes(metrics, "resource", `attributes[${i}]`, config.action),
  }));
  return inPlace(new AttributeActions(actions));
}

/** The actions of the Collector's attributes processor. */
export function createAttributeActions({ actions }: AttributesConfig, metrics: Metrics): Rewrite | undefined {
  if (actions.length === 0) return undefined;
  const made = actions.map((config, i) => ({
    config,
    scopes: new Set<AttributeScope>(config.scopes),
    fromResource: config.from_scope === "resource",
    value: writtenValue(config.value),
    changed: changes(metrics, "attributes", `actions[${i}]`, config.action),
  }));
  return inPlace(new AttributeActions(made));
}

function changes(metrics: Metrics, processor: string, rule: string, action: string): Counter {
  const help = "Attributes inserted, changed, renamed or deleted, by rule.";
  return metrics.counter("spanloom_attribute_actions_total", help, { processor, rule, action });
}

/**
 * Actions on attributes, in order. Several attributes under one key:
 * `update` and `upsert` change the first, `delete` and `rename` take all. Data that no action changes comes back as the
 * same object.
 */
class AttributeActions {
  readonly #actions: readonly Action[];

  constructor(actions: readonly Action[]) {
    this.#actions = actions;
  }

  apply(data: TracesData): TracesData {
    return mapAttributes(data, (list, { scope, resource }) => {
      let result = list;
      for (const action of this.#actions) {
        if (!action.scopes.has(scope)) continue;
        const next = run(action, result, resource);
        if (next !== result) action.changed.add(1);
        result = next;
      }
      return result;
    });
  }
}

function run(action: Action, list: Attributes, resource: Attributes): Attributes {
  const { key, action: type, from_attribute: from } = action.config;
  const there = list.findIndex((attribute) => attribute.key === key);
  if (type === "delete") return there === -1 ? list : list.filter((attribute) => attribute.key !== key);
  if (type === "rename") {
    if (there !== -1 || !list.some((attribute) => attribute.key === from)) return list;
    return list.map((attribute) => (attribute.key === from ? { key, value: attribute.value } : attribute));
  }
  if (type === "insert" ? there !== -1 : type === "update" && there === -1) return list;
  const value = from === undefined ? action.value : findAttribute(action.fromResource ? resource : list, from);
  if (value === undefined) return list;
  if (there === -1) return [...list, { key, value }];
  if (sameValue((list[there] as Attributes[number]).value, value)) return list;
  return list.map((attribute, i) => (i === there ? { key, value } : attribute));
}

/** Equality that is exact for scalars and lists of them. */
export function sameValue(a: AnyValue, b: AnyValue): boolean {
  if (a === b) return true;
  if (a.type !== b.type) return false;
  if (a.type === "array" && b.type === "array") {
    return a.value.length === b.value.length && a.value.every((item, i) => sameValue(item, b.value[i] as AnyValue));
  }
  if (a.type === "kvlist" && b.type === "kvlist") {
    return (
      a.value.length === b.value.length &&
      a.value.every((item, i) => item.key === b.value[i]?.key && sameValue(item.value, b.value[i].value))
    );
  }
  return anyValueText(a) === anyValueText(b);
}

type WrittenScalar = string | number | boolean;

function writtenValue(written: WrittenScalar | readonly WrittenScalar[] | undefined): AnyValue | undefined {
  if (written === undefined) return undefined;
  if (typeof written === "object") return { type: "array", value: written.map(scalarOf) };
  return scalarOf(written);
}

function scalarOf(written: WrittenScalar): AnyValue {
  if (typeof written === "string") return { type: "string", value: written };
  if (typeof written === "boolean") return { type: "bool", value: written };
  return Number.isSafeInteger(written) ? { type: "int", value: BigInt(written) } : { type: "double", value: written };
}
