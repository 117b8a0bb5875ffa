import { type AnyValue, type Attributes, findAttribute } from "../../model/any-value.ts";
import { attributeHash } from "../../model/attribute-hash.ts";
import type { AttributeField, Comparison, Literal } from "../../model/trace-query.ts";
import type { BlockView } from "../spans/block-view.ts";
import type { ValueTest } from "../spans/compare.ts";
import type { SpanScope } from "../spans/span-attributes.ts";
import type { Node } from "./filter-node.ts";

type AttributeScope = AttributeField["scope"];

/** Where the values of an attribute may be: with the resource and scope, with the span's own bytes. */
export function whereValuesAre(scope: AttributeScope): { readonly inGroup: boolean; readonly inSpan: boolean } {
  return {
    inGroup: scope === "any" || scope === "resource" || scope === "instrumentation",
    inSpan: scope === "any" || scope === "span" || scope === "event" || scope === "link",
  };
}

/**
 * Some value of the attribute passes the test. `hashes`, `needles`: of which a block, and a span, hold one if it does;
 * undefined where nothing is known but the key.
 */
export function attributeNode(
  { scope, key }: AttributeField,
  test: ValueTest,
  hashes?: readonly number[],
  needles?: readonly Uint8Array[],
): Node {
  const keyBytes = Buffer.from(key, "utf8");
  const wanted = needles ?? [keyBytes];
  const { inGroup, inSpan } = whereValuesAre(scope);
  return {
    cost: inSpan ? 2 : 1,
    required: hashes?.length === 1 ? hashes : [],
    mayMatch: (mayContain) => hashes === undefined || hashes.some(mayContain),
    bind(block) {
      const groups = new Map<number, boolean>();
      const groupHolds = (row: number): boolean => {
        const index = block.columns.groupIndex[row] as number;
        let holds = groups.get(index);
        if (holds === undefined) {
          holds = groupValueHolds(block, row, { scope, key }, test);
          groups.set(index, holds);
        }
        return holds;
      };
      if (!inSpan) return groupHolds;
      let candidates: Uint8Array | undefined;
      return (row) => {
        if (inGroup && groupHolds(row)) return true;
        candidates ??= block.rowsWith(wanted);
        return candidates[row] === 1 && block.attributeHolds(row, scope as SpanScope, keyBytes, test);
      };
    },
  };
}

/** Whether the value that resource or scope of a row have under the key passes the test. */
export function groupValueHolds(block: BlockView, row: number, { scope, key }: AttributeField, test: ValueTest) {
  const group = block.group(row);
  if (scope !== "instrumentation" && holds(group.resource.attributes, key, test)) return true;
  if (scope === "resource") return false;
  const value = findAttribute(group.scope.attributes, key);
  if (value !== undefined) return test(value);
  const own = key === "otel.scope.name" ? group.scope.name : key === "otel.scope.version" ? group.scope.version : "";
  return own !== "" && test({ type: "string", value: own });
}

function holds(attributes: Attributes, key: string, test: (value: AnyValue) => boolean): boolean {
  const value = findAttribute(attributes, key);
  return value !== undefined && test(value);
}

/**
 * Hashes of which a block must hold one if any of its spans satisfies the comparison; undefined where the bloom cannot
 * tell. An int and a double that are equal can have different texts beyond 2^53, so both are asked for.
 */
export function hashesOf(
  { scope, key }: AttributeField,
  is: Comparison,
  literal: Literal,
): readonly number[] | undefined {
  if (is !== "=" || scope === "link" || key === "otel.scope.name" || key === "otel.scope.version") return undefined;
  switch (literal.type) {
    case "text":
    case "string":
      return [attributeHash(key, literal.value)];
    case "bool":
      return [attributeHash(key, String(literal.value))];
    case "int":
      return unique(key, [literal.value.toString(), String(Number(literal.value))]);
    case "double":
      if (!Number.isInteger(literal.value)) return unique(key, [String(literal.value)]);
      return unique(key, [String(literal.value), BigInt(literal.value).toString()]);
    default:
      return undefined;
  }
}

/**
 * Byte strings of which a span must hold one if an attribute of it equals the literal; undefined where the value might
 * be stored as something else than these bytes: a number, a boolean, a list or nothing at all.
 */
export function needlesOf(is: Comparison, literal: Literal): readonly Uint8Array[] | undefined {
  if (is !== "=" || (literal.type !== "text" && literal.type !== "string") || literal.value === "") return undefined;
  const { value } = literal;
  const bytes = Buffer.from(value, "utf8");
  if (literal.type === "string") return [bytes];
  if (/^(?:-?\d+|true|false|\[.*|\{.*)$/s.test(value) || String(Number(value)) === value) return undefined;
  const base64 = Buffer.from(value, "base64");
  return base64.toString("base64") === value ? [bytes, base64] : [bytes];
}

function unique(key: string, texts: readonly string[]): readonly number[] {
  return [...new Set(texts)].map((text) => attributeHash(key, text));
}
