import { PermanentError } from "../../component/errors.ts";
import { attributeHash } from "../../model/attribute-hash.ts";
import { DEFAULT_SERVICE, SPAN_KIND_NAMES } from "../../model/span.ts";
import { durationNano, endNano, hasDuration, isRoot, type SpanGroup, startNano } from "../../model/span-columns.ts";
import {
  type Comparison,
  type Literal,
  MAX_FILTER_DEPTH,
  type SpanField,
  type SpanFilter,
} from "../../model/trace-query.ts";
import type { BlockView } from "../spans/block-view.ts";
import { never, numberTest, textTest, type ValueTest, valueTest } from "../spans/compare.ts";
import { elementField } from "../spans/element-field.ts";
import { wordsTest } from "../spans/words.ts";
import { attributeNode, hashesOf, needlesOf } from "./attribute-filter.ts";
import { type ColumnTest, idTest, timeOf, timeTest } from "./column-tests.ts";
import { elementHint, elementNode, someNode } from "./element-filter.ts";
import { fieldValues, pairNode } from "./field-values.ts";
import {
  type BoundElement,
  type BoundElements,
  combine,
  constant,
  type Node,
  type RowTest,
  rows,
} from "./filter-node.ts";

/**
 * A filter compiled for searching block by block. Meaning of a filter, for one span:
 *
 * - A comparison holds when some value of the field satisfies it. An absent attribute satisfies none, so `!=` and `!~`
 *   are false for it; `not` of a comparison is true.
 * - Under one key of one attribute list the first value counts. `event` and `link` look at all events or links; `any`
 *   at span, resource, scope and event attributes.
 * - `instrumentation` and `any` also know the scope's own name and version as `otel.scope.name` and
 *   `otel.scope.version`, where no attribute of that name stands.
 * - Types as in `Literal`; a comparison between types that do not compare is false, whatever its operator.
 * - Kind and status compare by `=` and `!=` with literals of their type, and with text by their lower-case names.
 * - `exists` of an intrinsic is true, but `statusMessage` exists only where it is not empty.
 * - Fields of links look at all links of the span, those of events at all events, but for the one that `some` is about;
 *   `some` within one of its level is about the same. `any` looks at all events there too.
 *   `linkTraceId`, `linkSpanId` and `eventName` exist where there is one.
 * - Times exist where they are times (`timeClass`), `parentSpanId` where the span is no root, trace states and schema
 *   URLs where they are not empty.
 */
export interface CompiledFilter {
  /** True where a test may have to look at the bodies of blocks. */
  readonly needsBody: boolean;
  /** What the bloom of every block with a match contains. */
  readonly required: readonly number[];
  /** False where no span of a block can match, by the block's bloom. */
  mayMatch(mayContain: (hash: number) => boolean): boolean;
  /** A test of the rows of a block; a constant where the block's dictionaries decide. May throw BlockGone. */
  bind(block: BlockView): RowTest | boolean;
}

/** Throws PermanentError `bad_request` for a regular expression that cannot be used and for too deep nesting. */
export function compileFilter(filter: SpanFilter): CompiledFilter {
  const { cost, required = [], mayMatch, bind } = compile(filter, 0, {});
  return { needsBody: cost > 0, required, mayMatch, bind };
}

function compile(filter: SpanFilter, depth: number, bound: BoundElements): Node {
  if (depth > MAX_FILTER_DEPTH) {
    throw new PermanentError("bad_request", `filter is nested deeper than ${MAX_FILTER_DEPTH}`);
  }
  switch (filter.op) {
    case "all":
      return constant(true);
    case "and":
    case "or":
      return combine(
        filter.op === "and",
        filter.of.map((part) => compile(part, depth + 1, bound)),
      );
    case "not":
      return negate(compile(filter.of, depth + 1, bound));
    case "exists":
      return exists(filter.field, bound);
    case "compare":
      return compare(filter.field, filter.is, filter.value, bound);
    case "pair":
      return pairNode(filter.left, filter.is, filter.right, bound);
    case "words":
      if (filter.words.length === 0) return constant(false);
      return ofField(filter.field, wordsTest(filter.words, filter.adjacent), bound);
    case "some": {
      const element: BoundElement = { element: undefined };
      const where = compile(filter.where, depth + 1, { ...bound, [filter.level]: element });
      // What one element satisfies, some element does: that is known of more blocks and spans without reading them.
      const implied = equalities(filter.where).map((part) => compile(part, depth + 1, bound));
      return combine(true, [...implied, someNode(filter.level, element, where, bound[filter.level])]);
    }
  }
}

/** Comparisons by `=` that hold wherever the filter does. */
function equalities(filter: SpanFilter): readonly SpanFilter[] {
  if (filter.op === "and") return filter.of.flatMap(equalities);
  return filter.op === "compare" && filter.is === "=" ? [filter] : [];
}

function negate(part: Node): Node {
  return {
    cost: part.cost,
    // A bloom says that something may be there, never that it is everywhere.
    mayMatch: () => true,
    bind(block) {
      const test = part.bind(block);
      return typeof test === "function" ? (row) => !test(row) : !test;
    },
  };
}

function exists(field: SpanField, bound: BoundElements): Node {
  if (!("intrinsic" in field)) return ofField(field, () => true, bound);
  switch (field.intrinsic) {
    case "duration":
      return rows(0, ({ columns }, row) => hasDuration(columns, row));
    case "parentSpanId":
      return rows(0, ({ columns }, row) => !isRoot(columns, row));
    case "startTime":
    case "endTime": {
      const name = field.intrinsic;
      return rows(0, ({ columns }, row) => timeOf(name, columns, row) !== undefined);
    }
    case "statusMessage":
      return rows(2, (block, row) => block.span(row).status.message !== "");
    case "service":
    case "name":
    case "kind":
    case "status":
    case "root":
    case "traceId":
    case "spanId":
      return constant(true);
    default:
      return ofField(field, () => true, bound);
  }
}

/** Some value of the field passes the test. */
function ofField(field: SpanField, test: ValueTest, bound: BoundElements): Node {
  const element = elementField(field);
  const one = element === undefined ? undefined : bound[element.level];
  if (element !== undefined && ("intrinsic" in field || one !== undefined)) {
    return elementNode(element, test, undefined, one);
  }
  if (!("intrinsic" in field)) return attributeNode(field, test);
  const { cost, values } = fieldValues(field, bound);
  return rows(cost, (block, row) => values(block, row).some(test));
}

function compare(field: SpanField, is: Comparison, literal: Literal, bound: BoundElements): Node {
  const element = elementField(field);
  const one = element === undefined ? undefined : bound[element.level];
  if (element !== undefined && ("intrinsic" in field || one !== undefined)) {
    const hint = is === "=" ? elementHint(field, literal) : { needles: [] };
    return hint === undefined ? constant(false) : elementNode(element, valueTest(is, literal), hint, one);
  }
  if (!("intrinsic" in field)) {
    return attributeNode(field, valueTest(is, literal), hashesOf(field, is, literal), needlesOf(is, literal));
  }
  switch (field.intrinsic) {
    case "service": {
      // The scanner hashes the resource's service.name; only the default stands for other things.
      const hash =
        is === "=" && "value" in literal && typeof literal.value === "string" && literal.value !== DEFAULT_SERVICE
          ? attributeHash("service.name", literal.value)
          : undefined;
      return service(textTest(is, literal), hash);
    }
    case "name":
      return name(textTest(is, literal));
    case "statusMessage": {
      const test = textTest(is, literal);
      return rows(2, (block, row) => test(block.span(row).status.message));
    }
    case "kind":
      return code("kind", codeTest(SPAN_KIND_NAMES, "kind", is, literal));
    case "status":
      return code("status", codeTest(["unset", "ok", "error"], "status", is, literal));
    case "duration":
      return duration(is, literal);
    case "root":
      return root(is, literal);
    case "traceId":
    case "spanId":
    case "parentSpanId":
      return ofColumns(idTest(field.intrinsic, is, literal));
    case "startTime":
    case "endTime":
      return ofColumns(timeTest(field.intrinsic, is, literal));
    default:
      return ofField(field, valueTest(is, literal), bound);
  }
}

function service(test: (text: string) => boolean, hash: number | undefined): Node {
  return {
    cost: 0,
    required: hash === undefined ? [] : [hash],
    mayMatch: (mayContain) => hash === undefined || mayContain(hash),
    bind({ columns }) {
      const { groups, groupIndex, strings } = columns;
      const truth = groups.map((group: SpanGroup) => test(strings[group.service] as string));
      return byDictionary(truth, groupIndex);
    },
  };
}

function name(test: (text: string) => boolean): Node {
  return {
    cost: 0,
    mayMatch: () => true,
    bind: ({ columns }) => byDictionary(columns.strings.map(test), columns.nameIndex),
  };
}

/** A constant where all rows of the block agree: the dictionary also holds strings that other columns use. */
function byDictionary(truth: readonly boolean[], index: Uint16Array | Uint32Array): RowTest | boolean {
  const first = truth[index[0] as number] ?? false;
  for (let row = 1; row < index.length; row++) {
    if (truth[index[row] as number] !== first) return (other) => truth[index[other] as number] as boolean;
  }
  return first;
}

function code(column: "kind" | "status", truth: readonly boolean[]): Node {
  return {
    cost: 0,
    mayMatch: () => truth.includes(true),
    bind({ columns }) {
      const values = columns[column];
      return (row) => truth[values[row] as number] ?? false;
    },
  };
}

function codeTest(names: readonly string[], type: "kind" | "status", is: Comparison, literal: Literal): boolean[] {
  if (literal.type === type) {
    if (is !== "=" && is !== "!=") return names.map(never);
    return names.map((_, value) => (value === literal.value) === (is === "="));
  }
  return names.map(textTest(is, literal));
}

function duration(is: Comparison, literal: Literal): Node {
  if (literal.type === "text") {
    const test = textTest(is, literal);
    return rows(
      0,
      ({ columns }, row) =>
        hasDuration(columns, row) && test((endNano(columns, row) - startNano(columns, row)).toString()),
    );
  }
  if (literal.type !== "int" && literal.type !== "double") return constant(false);
  const test = numberTest(is, literal.value);
  return rows(0, ({ columns }, row) => {
    if (!hasDuration(columns, row)) return false;
    const quick = durationNano(columns, row);
    return test(Number.isSafeInteger(quick) ? quick : endNano(columns, row) - startNano(columns, row));
  });
}

function root(is: Comparison, literal: Literal): Node {
  if (literal.type === "text") {
    const test = textTest(is, literal);
    return rows(0, ({ columns }, row) => test(isRoot(columns, row) ? "true" : "false"));
  }
  if (literal.type !== "bool" || (is !== "=" && is !== "!=")) return constant(false);
  const wanted = literal.value === (is === "=");
  return rows(0, ({ columns }, row) => isRoot(columns, row) === wanted);
}

function ofColumns(test: ColumnTest): Node {
  return rows(0, ({ columns }, row) => test(columns, row));
}
