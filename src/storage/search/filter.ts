import { PermanentError } from "../../component/errors.ts";
import { type AnyValue, type Attributes, findAttribute } from "../../model/any-value.ts";
import { attributeHash } from "../../model/attribute-hash.ts";
import { hexToBytes } from "../../model/ids.ts";
import { DEFAULT_SERVICE, SPAN_KIND_NAMES } from "../../model/span.ts";
import { durationNano, endNano, hasDuration, isRoot, type SpanGroup, startNano } from "../../model/span-columns.ts";
import {
  type Comparison,
  LINK_TRACE_KEY,
  type Literal,
  MAX_FILTER_DEPTH,
  type SpanField,
  type SpanFilter,
} from "../../model/trace-query.ts";
import type { BlockView } from "../spans/block-view.ts";
import { never, numberTest, textTest, valueTest } from "../spans/compare.ts";
import type { SpanScope } from "../spans/span-attributes.ts";
import { type ColumnTest, idTest, timeOf, timeTest } from "./column-tests.ts";

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
 * - `linkTraceId` looks at all links of the span, `eventName` at all events; they exist where there is one.
 * - `startTime` and `endTime` exist where they are times (`timeClass`), `parentSpanId` where the span is no root.
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

export type RowTest = (row: number) => boolean;

/** How much a test has to look at: constant or column, resource and scope, span. AND and OR ask cheap ones first. */
type Cost = 0 | 1 | 2;

interface Node extends Omit<CompiledFilter, "needsBody" | "required"> {
  readonly cost: Cost;
  /** None where nothing is required. */
  readonly required?: readonly number[];
}

/** Throws PermanentError `bad_request` for a regular expression that cannot be used and for too deep nesting. */
export function compileFilter(filter: SpanFilter): CompiledFilter {
  const { cost, required = [], mayMatch, bind } = compile(filter, 0);
  return { needsBody: cost > 0, required, mayMatch, bind };
}

function compile(filter: SpanFilter, depth: number): Node {
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
        filter.of.map((part) => compile(part, depth + 1)),
      );
    case "not":
      return negate(compile(filter.of, depth + 1));
    case "exists":
      return exists(filter.field);
    case "compare":
      return compare(filter.field, filter.is, filter.value);
  }
}

function constant(value: boolean): Node {
  return { cost: 0, mayMatch: () => value, bind: () => value };
}

function combine(all: boolean, parts: readonly Node[]): Node {
  const ordered = parts.toSorted((a, b) => a.cost - b.cost);
  return {
    cost: (ordered.at(-1)?.cost ?? 0) as Cost,
    required: all ? parts.flatMap((part) => part.required ?? []) : [],
    mayMatch: (mayContain) =>
      all ? parts.every((part) => part.mayMatch(mayContain)) : parts.some((part) => part.mayMatch(mayContain)),
    bind(block) {
      const tests: RowTest[] = [];
      for (const part of ordered) {
        const test = part.bind(block);
        if (typeof test === "function") tests.push(test);
        else if (test !== all) return !all;
      }
      if (tests.length <= 1) return tests[0] ?? all;
      return all ? (row) => tests.every((test) => test(row)) : (row) => tests.some((test) => test(row));
    },
  };
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

function exists(field: SpanField): Node {
  if ("intrinsic" in field) {
    if (field.intrinsic === "linkTraceId") return links(() => true, undefined);
    if (field.intrinsic === "eventName") return events(() => true, undefined);
    if (field.intrinsic === "duration") return rows(({ columns }, row) => hasDuration(columns, row));
    if (field.intrinsic === "parentSpanId") return rows(({ columns }, row) => !isRoot(columns, row));
    if (field.intrinsic === "startTime" || field.intrinsic === "endTime") {
      const name = field.intrinsic;
      return rows(({ columns }, row) => timeOf(name, columns, row) !== undefined);
    }
    if (field.intrinsic !== "statusMessage") return constant(true);
    return { cost: 2, mayMatch: () => true, bind: (block) => (row) => block.span(row).status.message !== "" };
  }
  return attribute(field.scope, field.key, () => true, undefined, undefined);
}

function compare(field: SpanField, is: Comparison, literal: Literal): Node {
  if (!("intrinsic" in field)) {
    const { scope, key } = field;
    return attribute(scope, key, valueTest(is, literal), hashesOf(scope, key, is, literal), needlesOf(is, literal));
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
      return { cost: 2, mayMatch: () => true, bind: (block) => (row) => test(block.span(row).status.message) };
    }
    case "linkTraceId": {
      const exact = is === "=" && (literal.type === "text" || literal.type === "string") ? literal.value : undefined;
      return links(textTest(is, literal), exact);
    }
    case "eventName": {
      const exact = is === "=" && (literal.type === "text" || literal.type === "string") ? literal.value : undefined;
      return events(textTest(is, literal), exact);
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

/** `exact`: the one trace id that passes the test, where there is but one. */
function links(test: (traceId: string) => boolean, exact: string | undefined): Node {
  const bytes = exact === undefined || !/^[0-9a-f]{32}$/.test(exact) ? undefined : (hexToBytes(exact) as Uint8Array);
  if (exact !== undefined && bytes === undefined) return constant(false);
  const hash = exact === undefined ? undefined : attributeHash(LINK_TRACE_KEY, exact);
  const needles = bytes === undefined ? [] : [bytes];
  return {
    cost: 2,
    required: hash === undefined ? [] : [hash],
    mayMatch: (mayContain) => hash === undefined || mayContain(hash),
    bind: (block) => (row) =>
      (needles.length === 0 || block.rowsWith(needles)[row] === 1) &&
      block.span(row).links.some((link) => test(link.traceId)),
  };
}

/** `exact`: the one name that passes the test, where there is but one. */
function events(test: (name: string) => boolean, exact: string | undefined): Node {
  const needles = exact === undefined || exact === "" ? [] : [Buffer.from(exact, "utf8")];
  return {
    cost: 2,
    mayMatch: () => true,
    bind: (block) => (row) =>
      (needles.length === 0 || block.rowsWith(needles)[row] === 1) &&
      block.span(row).events.some((event) => test(event.name)),
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
      ({ columns }, row) =>
        hasDuration(columns, row) && test((endNano(columns, row) - startNano(columns, row)).toString()),
    );
  }
  if (literal.type !== "int" && literal.type !== "double") return constant(false);
  const test = numberTest(is, literal.value);
  return rows(({ columns }, row) => {
    if (!hasDuration(columns, row)) return false;
    const quick = durationNano(columns, row);
    return test(Number.isSafeInteger(quick) ? quick : endNano(columns, row) - startNano(columns, row));
  });
}

function root(is: Comparison, literal: Literal): Node {
  if (literal.type === "text") {
    const test = textTest(is, literal);
    return rows(({ columns }, row) => test(isRoot(columns, row) ? "true" : "false"));
  }
  if (literal.type !== "bool" || (is !== "=" && is !== "!=")) return constant(false);
  const wanted = literal.value === (is === "=");
  return rows(({ columns }, row) => isRoot(columns, row) === wanted);
}

function rows(test: (block: BlockView, row: number) => boolean): Node {
  return { cost: 0, mayMatch: () => true, bind: (block) => (row) => test(block, row) };
}

function ofColumns(test: ColumnTest): Node {
  return rows(({ columns }, row) => test(columns, row));
}

type AttributeScope = Extract<SpanField, { scope: string }>["scope"];

function attribute(
  scope: AttributeScope,
  key: string,
  test: (value: AnyValue) => boolean,
  hashes: readonly number[] | undefined,
  values: readonly Uint8Array[] | undefined,
): Node {
  const keyBytes = Buffer.from(key, "utf8");
  const needles = values ?? [keyBytes];
  const inGroup = scope === "any" || scope === "resource" || scope === "instrumentation";
  const inSpan = scope === "any" || scope === "span" || scope === "event" || scope === "link";
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
          holds = groupTest(block, row, scope, key, test);
          groups.set(index, holds);
        }
        return holds;
      };
      if (!inSpan) return groupHolds;
      let candidates: Uint8Array | undefined;
      return (row) => {
        if (inGroup && groupHolds(row)) return true;
        candidates ??= block.rowsWith(needles);
        return candidates[row] === 1 && block.attributeHolds(row, scope as SpanScope, keyBytes, test);
      };
    },
  };
}

function groupTest(block: BlockView, row: number, scope: AttributeScope, key: string, test: (v: AnyValue) => boolean) {
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
function hashesOf(scope: AttributeScope, key: string, is: Comparison, literal: Literal): readonly number[] | undefined {
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
function needlesOf(is: Comparison, literal: Literal): readonly Uint8Array[] | undefined {
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
