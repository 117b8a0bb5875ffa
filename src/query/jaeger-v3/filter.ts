import type { Comparison, ElementLevel, Literal, SpanField, SpanFilter } from "../../model/trace-query.ts";
import { joinFilters } from "../search-params.ts";
import { badFilter, type Call, type Expression } from "./expression.ts";
import {
  type Constant,
  constantsHold,
  domainOf,
  hasOrder,
  literalOf,
  type Place,
  placeOf,
  type Reference,
} from "./filter-fields.ts";

const COMPARISONS: Readonly<Record<string, Ordering>> = { eq: "=", ne: "!=", gt: ">", lt: "<", gte: ">=", lte: "<=" };
/** The same question with its operands exchanged. */
const MIRRORED: Readonly<Record<string, Ordering>> = {
  "=": "=",
  "!=": "!=",
  ">": "<",
  "<": ">",
  ">=": "<=",
  "<=": ">=",
};

type Ordering = Exclude<Comparison, "=~" | "!~">;

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
  "phrase",
  "fulltext",
  "some",
] as const;
export const FILTER_LEVELS = ["span", "resource", "scope", "event", "link"] as const;

/**
 * A structured filter as the store's plan. As RFC 0005 §5.3 has it, a comparison of what is absent is false, and so is
 * a negated one; where a reference has several values, a negated comparison holds when none of them matches.
 * @throws PermanentError `bad_request` for what is malformed
 */
export function toSpanFilter(call: Call): SpanFilter {
  return toFilter(call, []);
}

/** @param within the levels of the `some` calls that the predicate is an operand of */
function toFilter(call: Call, within: readonly ElementLevel[]): SpanFilter {
  switch (call.op) {
    case "and":
    case "or": {
      if (call.args.length < 2) throw arity(call, "two or more predicates");
      return { op: call.op, of: call.args.map((arg) => toFilter(predicate(arg), within)) };
    }
    case "not":
      return { op: "not", of: toFilter(predicate(only(call, "one predicate")), within) };
    case "some":
      return some(call, within);
    case "ne":
    case "not_in": {
      const { places, filter } = leaf({ ...call, op: call.op === "ne" ? "eq" : "in" });
      return joinFilters([...places.map(exists), { op: "not", of: filter }]);
    }
    default:
      return leaf(call).filter;
  }
}

interface Leaf {
  /** Of its references. */
  readonly places: readonly Place[];
  readonly filter: SpanFilter;
}

/** A predicate that holds when some value of each of its references satisfies it. */
function leaf(call: Call): Leaf {
  const is = COMPARISONS[call.op];
  if (is !== undefined) return comparison(call, is);
  switch (call.op) {
    case "exists": {
      const place = placeOf(reference(only(call, "one reference"), call));
      return { places: [place], filter: exists(place) };
    }
    case "regex": {
      const [subject, pattern] = pair(call, "a reference and a pattern");
      const place = placeOf(reference(subject, call));
      if (place.kind === "duration" || place.kind === "time") {
        throw badFilter(call.at, `a pattern matches text, and a ${place.kind} is none`);
      }
      const { value, type, at } = constant(pattern, call);
      if (type !== "" && type !== "string") throw badFilter(`${at}.type`, "a pattern is a string");
      return { places: [place], filter: anyOf(place, "=~", { type: "text", value: anywhere(value, at) }) };
    }
    case "in": {
      const [subject, list] = pair(call, "a reference and a list");
      const place = placeOf(reference(subject, call));
      if (list.term !== "list") throw badFilter(list.at, "expected a list");
      const { values, type, at } = list;
      const of = values.map((value) => anyOf(place, "=", literalOf(place, "=", { value, type, at })));
      return { places: [place], filter: of.length === 1 ? (of[0] as SpanFilter) : { op: "or", of } };
    }
    case "phrase":
    case "fulltext":
      return words(call);
    default:
      throw badFilter(
        `${call.at}.op`,
        `got ${JSON.stringify(call.op)}, expected one of ${FILTER_OPERATORS.join(", ")}`,
      );
  }
}

function comparison(call: Call, is: Ordering): Leaf {
  const [left, right] = pair(call, "two operands");
  if (left.term === "scalar" && right.term === "scalar") {
    const every: SpanFilter = { op: "all" };
    return { places: [], filter: constantsHold(left, is, right) ? every : { op: "not", of: every } };
  }
  if (left.term === "scalar") return comparison({ ...call, args: [right, left] }, MIRRORED[is] as Ordering);
  const place = placeOf(reference(left, call));
  if (right.term === "attr" || right.term === "field") return ofTwo(call, place, is, placeOf(right));
  return { places: [place], filter: anyOf(place, is, literalOf(place, is, constant(right, call))) };
}

function ofTwo(call: Call, left: Place, is: Ordering, right: Place): Leaf {
  const [domain, other] = [domainOf(left), domainOf(right)];
  if (domain !== undefined && other !== undefined && domain !== other) {
    throw badFilter(call.at, `a ${left.kind} does not compare with a ${right.kind}`);
  }
  for (const place of [left, right]) {
    if (is !== "=" && !hasOrder(place)) throw badFilter(call.at, `a ${place.kind} has no order`);
  }
  return { places: [left, right], filter: { op: "pair", left: left.fields, is, right: right.fields } };
}

/** Text search, RFC 0005 §5.3: words are letters and digits, and a value is split at everything else. */
function words(call: Call): Leaf {
  const [subject, list] = pair(call, "an attribute and a list of words");
  if (subject.term !== "attr") throw badFilter(subject.at, `${call.op} takes an attribute here: attr`);
  if (list.term !== "list") throw badFilter(list.at, "expected a list of words");
  if (list.type !== "" && list.type !== "string") throw badFilter(`${list.at}.type`, "words are strings");
  for (const [i, word] of list.values.entries()) {
    if (/^[\p{L}\p{M}\p{N}]+$/u.test(word)) continue;
    throw badFilter(`${list.at}.values[${i}]`, `got ${JSON.stringify(word)}, expected a word of letters and digits`);
  }
  const place = placeOf(subject);
  const adjacent = call.op === "phrase";
  const scopes = place.fields.flatMap((field) => ("intrinsic" in field ? [] : [field]));
  return { places: [place], filter: either(scopes, (field) => ({ op: "words", field, words: list.values, adjacent })) };
}

/** `some`: one event, or one link, satisfies the predicate. */
function some(call: Call, within: readonly ElementLevel[]): SpanFilter {
  const [nested, inner] = pair(call, "a collection and a predicate");
  if (nested.term !== "nested") throw badFilter(nested.at, "expected nested events or links");
  const { level } = nested;
  if (level !== "event" && level !== "link") throw badFilter(`${nested.at}.level`, 'expected "event" or "link"');
  if (within.includes(level)) throw badFilter(call.at, `some ${level} within some ${level} is not defined`);
  return { op: "some", level, where: toFilter(predicate(inner), [...within, level]) };
}

function anyOf({ fields }: Place, is: Comparison, value: Literal): SpanFilter {
  return either(fields, (field) => ({ op: "compare", field, is, value }));
}

function exists({ fields }: Place): SpanFilter {
  return either(fields, (field) => ({ op: "exists", field }));
}

function either<Field extends SpanField>(fields: readonly Field[], make: (field: Field) => SpanFilter): SpanFilter {
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
