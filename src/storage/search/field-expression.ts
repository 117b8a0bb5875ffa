import { PermanentError } from "../../component/errors.ts";
import type { FieldExpression, TraceqlComparison, TraceqlLiteral } from "../../model/traceql.ts";
import { type FieldReader, type FieldSource, fieldReader } from "../spans/span-field.ts";
import { comparison, literalTest, literalValue, type SpanValue } from "../spans/span-value.ts";
import { calculate, integer } from "./arithmetic.ts";

/** An expression of one span, ready to be asked of many. */
export interface CompiledExpression extends FieldReader {
  /** Whether it is true of a span: false where it is anything but a truth. */
  holds(spans: FieldSource, span: number): boolean;
  /** False where it is true of no span of a block, by the block's bloom. */
  mayHold(mayContain: (hash: number) => boolean): boolean;
}

type Compare = Extract<FieldExpression, { expr: "compare" }>;
type Junction = Extract<FieldExpression, { expr: "and" | "or" }>;

/** Of expressions and of pipelines in one another. */
export const MAX_DEPTH = 64;

/** Throws PermanentError `bad_request` for what cannot be evaluated: a regular expression, or too deep nesting. */
export function compileExpression(expression: FieldExpression, depth = 0): CompiledExpression {
  if (depth > MAX_DEPTH) throw new PermanentError("bad_request", `the query is nested deeper than ${MAX_DEPTH}`);
  switch (expression.expr) {
    case "field":
      return ofReader(fieldReader(expression.field));
    case "literal":
      return constant(expression.value);
    case "compare":
      return compare(expression, depth);
    case "and":
    case "or":
      return junction(
        expression.expr,
        operandsOf(expression).map((part) => compileExpression(part, depth + 1)),
      );
    case "not":
      return not(compileExpression(expression.of, depth + 1));
    case "negative":
      return mapped([compileExpression(expression.of, depth + 1)], ([value]) => negated(value));
    case "arithmetic":
      return mapped(
        [compileExpression(expression.left, depth + 1), compileExpression(expression.right, depth + 1)],
        ([left, right]) => calculate(expression.op, left, right),
      );
  }
}

/** Zero less the value: of a number that is 0 no negative one. */
function negated(value: SpanValue): SpanValue {
  if (typeof value === "bigint") return integer(-value);
  return typeof value === "number" ? 0 - value : undefined;
}

/** All operands of a chain, in order, however long it is. */
function operandsOf({ expr, left, right }: Junction): FieldExpression[] {
  const operands: FieldExpression[] = [];
  const waiting = [right, left];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.expr === expr) waiting.push(next.right, next.left);
    else operands.push(next);
  }
  return operands;
}

function ofReader(reader: FieldReader): CompiledExpression {
  return {
    ...reader,
    holds: (spans, span) =>
      reader.several ? reader.values(spans, span).includes(true) : reader.value(spans, span) === true,
    mayHold: (mayContain) => reader.hashesOf(true)?.some(mayContain) ?? true,
  };
}

function constant(literal: TraceqlLiteral): CompiledExpression {
  const value = literalValue(literal);
  return truth(0, () => value === true, {
    value: () => value,
    values: () => (value === undefined ? [] : [value]),
    exists: () => value !== undefined,
    mayHold: () => value === true,
  });
}

/** What is true or false of every span. */
function truth(
  cost: 0 | 1 | 2,
  holds: CompiledExpression["holds"],
  more: Partial<CompiledExpression> = {},
): CompiledExpression {
  return {
    cost,
    several: false,
    holds,
    value: holds,
    values: (spans, span) => [holds(spans, span)],
    exists: () => true,
    hashesOf: () => undefined,
    mayHold: () => true,
    ...more,
  };
}

function junction(expr: "and" | "or", parts: readonly CompiledExpression[]): CompiledExpression {
  const ordered = parts.toSorted((a, b) => a.cost - b.cost);
  const cost = (ordered.at(-1)?.cost ?? 0) as 0 | 1 | 2;
  return expr === "and"
    ? truth(cost, (spans, span) => ordered.every((part) => part.holds(spans, span)), {
        mayHold: (mayContain) => ordered.every((part) => part.mayHold(mayContain)),
      })
    : truth(cost, (spans, span) => ordered.some((part) => part.holds(spans, span)), {
        mayHold: (mayContain) => ordered.some((part) => part.mayHold(mayContain)),
      });
}

function not(of: CompiledExpression): CompiledExpression {
  return truth(of.cost, (spans, span) => !of.holds(spans, span));
}

/** A value made of the first values of others. */
function mapped(
  parts: readonly CompiledExpression[],
  make: (values: readonly SpanValue[]) => SpanValue,
): CompiledExpression {
  const value = (spans: FieldSource, span: number) => make(parts.map((part) => part.value(spans, span)));
  return ofReader({
    cost: Math.max(...parts.map((part) => part.cost)) as 0 | 1 | 2,
    several: false,
    value,
    values: (spans, span) => {
      const own = value(spans, span);
      return own === undefined ? [] : [own];
    },
    exists: (spans, span) => value(spans, span) !== undefined,
    hashesOf: () => undefined,
  });
}

const FLIPPED: Readonly<Partial<Record<TraceqlComparison, TraceqlComparison>>> = {
  "=": "=",
  "!=": "!=",
  ">": "<",
  ">=": "<=",
  "<": ">",
  "<=": ">=",
};

function compare({ is, left, right }: Compare, depth: number): CompiledExpression {
  if (isNil(left) && isNil(right)) return constant({ type: "bool", value: false });
  if (right.expr === "literal") return compareLiteral(compileExpression(left, depth + 1), is, right.value);
  const flipped = FLIPPED[is];
  if (left.expr === "literal" && flipped !== undefined) {
    return compareLiteral(compileExpression(right, depth + 1), flipped, left.value);
  }
  const [a, b] = [compileExpression(left, depth + 1), compileExpression(right, depth + 1)];
  const test = comparison(is);
  const cost = Math.max(a.cost, b.cost) as 0 | 1 | 2;
  if (!a.several && !b.several) return truth(cost, (spans, span) => test(a.value(spans, span), b.value(spans, span)));
  return truth(cost, (spans, span) => {
    const others = b.values(spans, span);
    return a.values(spans, span).some((value) => others.some((other) => test(value, other)));
  });
}

function isNil(expression: FieldExpression): boolean {
  return expression.expr === "literal" && expression.value.type === "nil";
}

function compareLiteral(of: CompiledExpression, is: TraceqlComparison, literal: TraceqlLiteral): CompiledExpression {
  if (literal.type === "nil") {
    if (is === "=") return truth(of.cost, (spans, span) => !of.exists(spans, span));
    if (is === "!=") return truth(of.cost, (spans, span) => of.exists(spans, span));
    return truth(0, () => false, { mayHold: () => false });
  }
  const test = literalTest(is, literal);
  const hashes = is === "=" ? of.hashesOf(literalValue(literal)) : undefined;
  const mayHold = (mayContain: (hash: number) => boolean) => hashes?.some(mayContain) ?? true;
  return of.several
    ? truth(of.cost, (spans, span) => of.values(spans, span).some(test), { mayHold })
    : truth(of.cost, (spans, span) => test(of.value(spans, span)), { mayHold });
}
