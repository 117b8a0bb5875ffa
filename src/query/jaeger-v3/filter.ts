import type { Comparison, Literal, SpanField, SpanFilter } from "../../model/trace-query.ts";
import { joinFilters } from "../search-params.ts";
import { badFilter, type Call, type Expression } from "./expression.ts";
import { type Constant, literalOf, type Place, placeOf, type Reference, unservable } from "./filter-fields.ts";

const COMPARISONS: Readonly<Record<string, Comparison>> = { eq: "=", ne: "!=", gt: ">", lt: "<", gte: ">=", lte: "<=" };
/** The same question with its operands exchanged. */
const MIRRORED: Readonly<Record<string, Comparison>> = {
  "=": "=",
  "!=": "!=",
  ">": "<",
  "<": ">",
  ">=": "<=",
  "<=": ">=",
};

/** What a pattern may be matched against: texts and words, and attributes, which only storage knows. */
const PATTERNED: ReadonlySet<Place["kind"]> = new Set(["any", "text", "status", "kind"]);

/** What one filter may name: what Jaeger's API calls its capabilities. */
export const FILTER_OPERATORS = [
  "and",
  "or",
  "not",
  ...Object.keys(COMPARISONS),
  "regex",
  "exists",
  "in",
  "not_in",
  "some",
] as const;
export const FILTER_LEVELS = ["span", "resource", "scope", "event", "link"] as const;

/**
 * A structured filter as the store's plan. As RFC 0005 §5.3 has it, a comparison of what is absent is false, and so is
 * a negated one; where a reference has several values, a negated comparison holds when none of them matches.
 * @throws PermanentError `bad_request` for what is malformed, `unsupported` for what cannot be answered here
 */
export function toSpanFilter(call: Call): SpanFilter {
  switch (call.op) {
    case "and":
    case "or": {
      if (call.args.length < 2) throw arity(call, "two or more predicates");
      return { op: call.op, of: call.args.map((arg) => toSpanFilter(predicate(arg))) };
    }
    case "not":
      return { op: "not", of: toSpanFilter(predicate(only(call, "one predicate"))) };
    case "some":
      return some(call);
    case "ne":
    case "not_in": {
      const positive = leaf({ ...call, op: call.op === "ne" ? "eq" : "in" });
      return joinFilters([exists(positive.place), { op: "not", of: positive.filter }]);
    }
    default:
      return leaf(call).filter;
  }
}

interface Leaf {
  readonly place: Place;
  readonly filter: SpanFilter;
}

/** A predicate on one reference that holds when one of its values satisfies it. */
function leaf(call: Call): Leaf {
  const is = COMPARISONS[call.op];
  if (is !== undefined) return comparison(call, is);
  switch (call.op) {
    case "exists": {
      const place = placeOf(reference(only(call, "one reference"), call));
      return { place, filter: exists(place) };
    }
    case "regex": {
      const [subject, pattern] = pair(call, "a reference and a pattern");
      const place = placeOf(reference(subject, call));
      if (!PATTERNED.has(place.kind)) throw badFilter(call.at, `a pattern matches text, and a ${place.kind} is none`);
      const { value, type, at } = constant(pattern, call);
      if (type !== "" && type !== "string") throw badFilter(`${at}.type`, "a pattern is a string");
      return { place, filter: anyOf(place, "=~", { type: "text", value: anywhere(value, at) }) };
    }
    case "in": {
      const [subject, list] = pair(call, "a reference and a list");
      const place = placeOf(reference(subject, call));
      if (list.term !== "list") throw badFilter(list.at, "expected a list");
      const { values, type, at } = list;
      const of = values.map((value) => anyOf(place, "=", literalOf(place, "=", { value, type, at })));
      return { place, filter: of.length === 1 ? (of[0] as SpanFilter) : { op: "or", of } };
    }
    case "phrase":
    case "fulltext":
      throw unservable(call.at, `the operator ${call.op}`);
    default:
      throw badFilter(
        `${call.at}.op`,
        `got ${JSON.stringify(call.op)}, expected one of ${FILTER_OPERATORS.join(", ")}`,
      );
  }
}

function comparison(call: Call, is: Comparison): Leaf {
  const [left, right] = pair(call, "two operands");
  if (left.term === "scalar" && right.term === "scalar") throw unservable(call.at, "a comparison of two constants");
  if (left.term === "scalar") return comparison({ ...call, args: [right, left] }, MIRRORED[is] as Comparison);
  const place = placeOf(reference(left, call));
  if (right.term === "attr" || right.term === "field") throw unservable(call.at, "a comparison of two references");
  return { place, filter: anyOf(place, is, literalOf(place, is, constant(right, call))) };
}

/** `some`: one event, or one link, satisfies the predicate. Several conditions on one element are not known. */
function some(call: Call): SpanFilter {
  const [nested, inner] = pair(call, "a collection and a predicate");
  if (nested.term !== "nested") throw badFilter(nested.at, "expected nested events or links");
  const { level } = nested;
  if (level !== "event" && level !== "link") throw badFilter(`${nested.at}.level`, 'expected "event" or "link"');
  const within = (part: Call): SpanFilter => {
    if (part.op === "or") {
      if (part.args.length < 2) throw arity(part, "two or more predicates");
      return { op: "or", of: part.args.map((arg) => within(predicate(arg))) };
    }
    if (part.op === "and" || part.op === "not" || part.op === "not_in" || part.op === "some") {
      throw unservable(part.at, `${part.op} within some`);
    }
    for (const arg of part.args) {
      if ((arg.term === "attr" || arg.term === "field") && arg.level !== level) {
        throw badFilter(`${arg.at}.level`, `within some it is ${JSON.stringify(level)}`);
      }
    }
    return leaf(part).filter;
  };
  return within(predicate(inner));
}

function anyOf({ fields }: Place, is: Comparison, value: Literal): SpanFilter {
  return either(fields, (field) => ({ op: "compare", field, is, value }));
}

function exists({ fields }: Place): SpanFilter {
  return either(fields, (field) => ({ op: "exists", field }));
}

function either(fields: readonly SpanField[], make: (field: SpanField) => SpanFilter): SpanFilter {
  const of = fields.map(make);
  return of.length === 1 ? (of[0] as SpanFilter) : { op: "or", of };
}

/** RE2 matches anywhere in the value, and the store's patterns the whole of it. */
function anywhere(pattern: string, at: string): string {
  const bare = pattern.replace(/\\[^bBAzZ]/g, "").replace(/\[(?:\\.|[^\]\\])*\]/g, "");
  if (/[\^$]|\\[bBAzZ]|[*+?}]\?|\(\?[a-zA-Z-]/.test(bare)) {
    throw badFilter(at, "anchors, word boundaries, lazy quantifiers and flags are not part of a filter's patterns");
  }
  return `[^]*(?:${pattern})[^]*`;
}

function predicate(expression: Expression): Call {
  if (expression.term !== "call") throw badFilter(expression.at, "expected a predicate: a call");
  return expression;
}

function reference(expression: Expression, call: Call): Reference {
  if (expression.term === "attr" || expression.term === "field") return expression;
  throw badFilter(expression.at, `${call.op} takes a reference here: attr or field`);
}

function constant(expression: Expression, call: Call): Constant {
  if (expression.term === "scalar") return expression;
  throw badFilter(expression.at, `${call.op} takes a constant here: scalar`);
}

function only(call: Call, expected: string): Expression {
  const [first] = call.args;
  if (first === undefined || call.args.length !== 1) throw arity(call, expected);
  return first;
}

function pair(call: Call, expected: string): readonly [Expression, Expression] {
  const [first, second] = call.args;
  if (first === undefined || second === undefined || call.args.length !== 2) throw arity(call, expected);
  return [first, second];
}

function arity(call: Call, expected: string) {
  return badFilter(`${call.at}.args`, `${call.op} takes ${expected}, got ${call.args.length} arguments`);
}
