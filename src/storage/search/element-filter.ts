import { attributeHash } from "../../model/attribute-hash.ts";
import { hexToBytes } from "../../model/ids.ts";
import { type ElementLevel, LINK_TRACE_KEY, type Literal, type SpanField } from "../../model/trace-query.ts";
import type { ValueTest } from "../spans/compare.ts";
import { type ElementField, elementsOf } from "../spans/element-field.ts";
import { type BoundElement, type Node, rows } from "./filter-node.ts";

/** What a comparison by `=` says of the bytes of a block that satisfies it. */
export interface ElementHint {
  /** Of which a span holds one; none where nothing is known. */
  readonly needles: readonly Uint8Array[];
  /** That the bloom of the block knows. */
  readonly hash?: number;
}

/** Undefined where no value of the field is equal to it. */
export function elementHint(field: SpanField, literal: Literal): ElementHint | undefined {
  if (!("intrinsic" in field) || (literal.type !== "text" && literal.type !== "string")) return { needles: [] };
  const { value } = literal;
  switch (field.intrinsic) {
    case "linkTraceId":
    case "linkSpanId": {
      const isTrace = field.intrinsic === "linkTraceId";
      const bytes =
        value.length === (isTrace ? 32 : 16) && value === value.toLowerCase() ? hexToBytes(value) : undefined;
      if (bytes === undefined) return undefined;
      return { needles: [bytes], ...(isTrace ? { hash: attributeHash(LINK_TRACE_KEY, value) } : {}) };
    }
    case "eventName":
    case "linkTraceState":
      return { needles: value === "" ? [] : [Buffer.from(value, "utf8")] };
    default:
      return { needles: [] };
  }
}

/** The value of the bound element passes the test; without one that of some element. */
export function elementNode(
  field: ElementField,
  test: ValueTest,
  { needles, hash }: ElementHint = { needles: [] },
  bound?: BoundElement,
): Node {
  const passes: (element: BoundElement["element"] & {}, span: Parameters<ElementField["value"]>[1]) => boolean = (
    element,
    span,
  ) => {
    const value = field.value(element, span);
    return value !== undefined && test(value);
  };
  const known = {
    required: hash === undefined ? [] : [hash],
    mayMatch: (mayContain: (hash: number) => boolean) => hash === undefined || mayContain(hash),
  };
  if (bound !== undefined) {
    const node = rows(2, (block, row) => bound.element !== undefined && passes(bound.element, block.span(row)));
    return { ...node, ...known };
  }
  return {
    cost: 2,
    ...known,
    bind: (block) => (row) => {
      if (needles.length > 0 && block.rowsWith(needles)[row] !== 1) return false;
      const span = block.span(row);
      return elementsOf(span, field.level).some((element) => passes(element, span));
    },
  };
}

/** One element of that level, or the one of `outer`, satisfies the filter that `element` is bound in. */
export function someNode(level: ElementLevel, element: BoundElement, where: Node, outer?: BoundElement): Node {
  return {
    cost: 2,
    ...(where.required === undefined ? {} : { required: where.required }),
    mayMatch: (mayContain) => where.mayMatch(mayContain),
    bind(block) {
      const test = where.bind(block);
      if (test === false) return false;
      const holds = (each: BoundElement["element"], row: number) => {
        element.element = each;
        return test === true || test(row);
      };
      if (outer !== undefined) return (row) => outer.element !== undefined && holds(outer.element, row);
      return (row) => elementsOf(block.span(row), level).some((each) => holds(each, row));
    },
  };
}
