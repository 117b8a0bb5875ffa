import type { Counter, Metrics } from "../../component/metrics.ts";
import { type AnyValue, type Attributes, anyValueText, findAttribute, type KeyValue } from "../../model/any-value.ts";
import { renamedValue, renamesOf, type SemconvRename } from "../../model/semconv-aliases.ts";
import { SPAN_KIND, type SpanKind, type TracesData } from "../../model/span.ts";
import { sameValue } from "./attribute-actions.ts";
import { mapAttributes } from "./attribute-walk.ts";
import { inPlace, type Rewrite } from "./rewrite.ts";
import type { SemconvConfig } from "./semconv-config.ts";

export function createSemconvRewrite({ rewrite }: SemconvConfig, metrics: Metrics): Rewrite | undefined {
  return rewrite === "latest" ? inPlace(new SemconvRewrite(metrics)) : undefined;
}

/**
 * Stores attributes under their present names (src/model/semconv-aliases.ts). Beside plain renames: `http.target` is
 * split into `url.path` and `url.query`, and `code.namespace` goes in front of `code.function`. An attribute stays
 * where its new key already holds something else, or where its value has no counterpart. Schema URLs stay: they say
 * what the sender followed.
 */
class SemconvRewrite {
  readonly #metrics: Metrics;
  readonly #counters = new Map<string, Counter>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  apply(data: TracesData): TracesData {
    return mapAttributes(data, (list, { kind }) => {
      if (!list.some(({ key }) => isOld(key))) return list;
      return this.#list(list, kind);
    });
  }

  #list(list: Attributes, kind: SpanKind): Attributes {
    let changed = false;
    const result: KeyValue[] = [];
    const has = (key: string): AnyValue | undefined => findAttribute(result, key) ?? findAttribute(list, key);
    for (const attribute of list) {
      const renamed = renamedAttributes(attribute, kind, list);
      if (renamed === undefined || renamed.some(({ key, value }) => differs(has(key), value))) {
        result.push(attribute);
        continue;
      }
      changed = true;
      this.#counter(attribute.key).add(1);
      for (const one of renamed) if (has(one.key) === undefined) result.push(one);
    }
    return changed ? result : list;
  }

  #counter(from: string): Counter {
    let counter = this.#counters.get(from);
    if (counter === undefined) {
      const help = "Attributes stored under their present name, by the name they came with.";
      counter = this.#metrics.counter("spanloom_semconv_rewritten_attributes_total", help, { rule: from });
      this.#counters.set(from, counter);
    }
    return counter;
  }
}

function isOld(key: string): boolean {
  return renamesOf(key).length > 0 || key === "http.target" || key === "code.namespace";
}

function differs(there: AnyValue | undefined, value: AnyValue): boolean {
  return there !== undefined && !sameValue(there, value);
}

/** What an attribute becomes: none, one or two others; undefined where it stays. */
function renamedAttributes({ key, value }: KeyValue, kind: SpanKind, list: Attributes): KeyValue[] | undefined {
  if (key === "http.target") return value.type === "string" ? target(value.value) : undefined;
  if (key === "code.namespace") {
    // Goes into code.function.name, by the attribute code.function; without one it is all there is.
    const own = findAttribute(list, "code.function");
    return value.type === "string" && own?.type === "string" && own.value !== "" ? [] : undefined;
  }
  const rename = renameFor(key, kind);
  if (rename === undefined) return undefined;
  if (key === "code.function") {
    const namespace = findAttribute(list, "code.namespace");
    if (value.type === "string" && value.value !== "" && namespace?.type === "string" && namespace.value !== "") {
      return [{ key: rename.to, value: { type: "string", value: `${namespace.value}.${value.value}` } }];
    }
  }
  const next = valueFor(rename, value);
  return next === undefined ? undefined : [{ key: rename.to, value: next }];
}

function renameFor(key: string, kind: SpanKind): SemconvRename | undefined {
  const renames = renamesOf(key);
  if (renames.length < 2) return renames[0];
  const side = kind === SPAN_KIND.server || kind === SPAN_KIND.consumer ? "server" : "client";
  return renames.find((rename) => rename.side === side);
}

function valueFor(rename: SemconvRename, value: AnyValue): AnyValue | undefined {
  if (rename.toText === true) return { type: "string", value: anyValueText(value) };
  if (rename.values === undefined) return value;
  const text = anyValueText(value);
  const next = renamedValue(rename, text);
  if (next === undefined) return undefined;
  return next === text ? value : { type: "string", value: next };
}

function target(text: string): KeyValue[] {
  const at = text.indexOf("?");
  const path: KeyValue = { key: "url.path", value: { type: "string", value: at === -1 ? text : text.slice(0, at) } };
  return at === -1 ? [path] : [path, { key: "url.query", value: { type: "string", value: text.slice(at + 1) } }];
}
