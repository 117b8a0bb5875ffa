import type { AnyValue } from "../../model/any-value.ts";
import { bytesToHex } from "../../model/ids.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import { endNano, hasDuration, isRoot, nameOf, serviceOf, startNano } from "../../model/span-columns.ts";
import type { AttributeField, SpanField } from "../../model/trace-query.ts";
import type { BlockView } from "../spans/block-view.ts";
import { pairTest } from "../spans/compare.ts";
import { elementField, elementsOf } from "../spans/element-field.ts";
import type { SpanScope } from "../spans/span-attributes.ts";
import { groupValueHolds, whereValuesAre } from "./attribute-filter.ts";
import { timeOf } from "./column-tests.ts";
import { type BoundElements, type Cost, type Node, rows } from "./filter-node.ts";

/** All values that a field has in a row, as a comparison looks at them. */
export interface FieldValues {
  readonly cost: Cost;
  values(block: BlockView, row: number): readonly AnyValue[];
}

const NONE: readonly AnyValue[] = [];

/** Some value of a left field and some value of a right one pass the comparison. */
export function pairNode(
  left: readonly SpanField[],
  is: Parameters<typeof pairTest>[0],
  right: readonly SpanField[],
  bound: BoundElements,
): Node {
  const [ofLeft, ofRight] = [left, right].map((fields) => fields.map((field) => fieldValues(field, bound)));
  const both = [...(ofLeft as FieldValues[]), ...(ofRight as FieldValues[])];
  const test = pairTest(is);
  return rows(Math.max(0, ...both.map(({ cost }) => cost)) as Cost, (block, row) => {
    const valuesOf = (fields: readonly FieldValues[]) => fields.flatMap((field) => field.values(block, row));
    const firsts = valuesOf(ofLeft as FieldValues[]);
    if (firsts.length === 0) return false;
    const seconds = valuesOf(ofRight as FieldValues[]);
    return firsts.some((first) => seconds.some((second) => test(first, second)));
  });
}

/** Within `some` the fields of its level are those of the bound element. */
export function fieldValues(field: SpanField, bound: BoundElements): FieldValues {
  const element = elementField(field);
  if (element !== undefined) {
    const one = bound[element.level];
    return {
      cost: 2,
      values: (block, row) => {
        const span = block.span(row);
        const elements = one === undefined ? elementsOf(span, element.level) : [one.element];
        return elements.flatMap((each) => (each === undefined ? NONE : (element.value(each, span) ?? NONE)));
      },
    };
  }
  return "intrinsic" in field ? ofIntrinsic(field.intrinsic) : ofAttribute(field);
}

function ofAttribute(field: AttributeField): FieldValues {
  const { scope, key } = field;
  const keyBytes = Buffer.from(key, "utf8");
  const { inGroup, inSpan } = whereValuesAre(scope);
  return {
    cost: inSpan ? 2 : 1,
    values: (block, row) => {
      const found: AnyValue[] = [];
      const collect = (value: AnyValue) => {
        found.push(value);
        return false;
      };
      if (inGroup) groupValueHolds(block, row, field, collect);
      if (inSpan) block.attributeHolds(row, scope as SpanScope, keyBytes, collect);
      return found;
    },
  };
}

function ofIntrinsic(name: Extract<SpanField, { intrinsic: string }>["intrinsic"]): FieldValues {
  switch (name) {
    case "service":
      return text(0, ({ columns }, row) => serviceOf(columns, row));
    case "name":
      return text(0, ({ columns }, row) => nameOf(columns, row));
    case "kind":
      return text(0, ({ columns }, row) => SPAN_KIND_NAMES[columns.kind[row] as number] ?? SPAN_KIND_NAMES[0]);
    case "status":
      return text(0, ({ columns }, row) => STATUS_NAMES[columns.status[row] as number] ?? STATUS_NAMES[0]);
    case "traceId":
      return text(0, ({ columns }, row) => bytesToHex(columns.traceIds, (columns.traceIndex[row] as number) * 16, 16));
    case "spanId":
      return text(0, ({ columns }, row) => bytesToHex(columns.spanIds, row * 8, 8));
    case "parentSpanId":
      return text(0, ({ columns }, row) =>
        isRoot(columns, row) ? undefined : bytesToHex(columns.parentIds, row * 8, 8),
      );
    case "statusMessage":
      return text(2, (block, row) => block.span(row).status.message);
    case "traceState":
      return text(2, (block, row) => block.span(row).traceState || undefined);
    case "resourceSchemaUrl":
      return text(1, (block, row) => block.group(row).resourceSchemaUrl || undefined);
    case "scopeSchemaUrl":
      return text(1, (block, row) => block.group(row).scopeSchemaUrl || undefined);
    case "root":
      return one(0, ({ columns }, row) => ({ type: "bool", value: isRoot(columns, row) }));
    case "duration":
      return number(({ columns }, row) =>
        hasDuration(columns, row) ? endNano(columns, row) - startNano(columns, row) : undefined,
      );
    case "startTime":
    case "endTime":
      return number(({ columns }, row) => timeOf(name, columns, row));
    default:
      throw new Error(`${name} is a field of events or links`);
  }
}

const STATUS_NAMES = ["unset", "ok", "error"] as const;

type Read<T> = (block: BlockView, row: number) => T | undefined;

function one(cost: Cost, read: Read<AnyValue>): FieldValues {
  return {
    cost,
    values: (block, row) => {
      const value = read(block, row);
      return value === undefined ? NONE : [value];
    },
  };
}

function text(cost: Cost, read: Read<string>): FieldValues {
  return one(cost, (block, row) => {
    const value = read(block, row);
    return value === undefined ? undefined : { type: "string", value };
  });
}

function number(read: Read<bigint>): FieldValues {
  return one(0, (block, row) => {
    const value = read(block, row);
    return value === undefined ? undefined : { type: "int", value };
  });
}
