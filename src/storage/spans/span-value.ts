import { PermanentError } from "../../component/errors.ts";
import type { AnyValue } from "../../model/any-value.ts";
import type { FieldValue } from "../../model/trace-query.ts";
import type { TraceqlComparison, TraceqlLiteral } from "../../model/traceql.ts";
import { numberTest } from "./compare.ts";
import { compilePattern } from "./pattern.ts";

/** A value that is one of a few and has no order: a status, a kind. */
class Code {
  readonly type: "status" | "kind";
  readonly value: number;

  constructor(type: "status" | "kind", value: number) {
    this.type = type;
    this.value = value;
  }
}

const STATUSES = [0, 1, 2].map((value) => new Code("status", value));
const KINDS = [0, 1, 2, 3, 4, 5].map((value) => new Code("kind", value));

/** A value that is there and compares with none: an array, a list of keys, bytes, an AnyValue without a field. */
class Incomparable {
  readonly value: AnyValue;

  constructor(value: AnyValue) {
    this.value = value;
  }
}

/**
 * A value of TraceQL; undefined is nil, which compares with nothing. An integer is a bigint, a float a number, and so
 * is a duration, in ns: exact below 2^53, which is 104 days, and to sixteen digits beyond.
 */
export type SpanValue = string | bigint | number | boolean | Code | Incomparable | undefined;

export function statusValue(code: number): SpanValue {
  return STATUSES[code] ?? STATUSES[0];
}

export function kindValue(kind: number): SpanValue {
  return KINDS[kind] ?? KINDS[0];
}

export function spanValue(value: AnyValue | undefined): SpanValue {
  switch (value?.type) {
    case undefined:
      return undefined;
    case "string":
    case "int":
    case "double":
    case "bool":
      return value.value;
    default:
      return new Incomparable(value as AnyValue);
  }
}

export function literalValue(literal: TraceqlLiteral): SpanValue {
  switch (literal.type) {
    case "nil":
      return undefined;
    case "status":
      return statusValue(literal.value);
    case "kind":
      return kindValue(literal.value);
    case "duration":
      return Number(literal.value);
    default:
      return literal.value;
  }
}

/** A text that two values share where they are of one type and equal: what `by` tells them apart by. */
export function valueKey(value: SpanValue): string {
  if (value instanceof Code) return `${value.type} ${value.value}`;
  if (value instanceof Incomparable) return `other ${JSON.stringify(plain(value.value))}`;
  return `${typeof value} ${value}`;
}

function plain(value: AnyValue): unknown {
  switch (value.type) {
    case "array":
      return ["array", ...value.value.map(plain)];
    case "kvlist":
      return ["kvlist", ...value.value.map((kv) => [kv.key, plain(kv.value)])];
    case "bytes":
      return ["bytes", Buffer.from(value.value).toString("latin1")];
    case "empty":
      return ["empty"];
    default:
      return [value.type, String(value.value)];
  }
}

/** What a value is in an answer; a duration is an integer there. Undefined for nil. */
export function shownValue(value: SpanValue): FieldValue | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Code) return { type: value.type, value: value.value } as FieldValue;
  if (value instanceof Incomparable) return value.value;
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "bigint") return { type: "int", value };
  if (typeof value === "number") return { type: "double", value };
  return { type: "bool", value };
}

export type Compare = (left: SpanValue, right: SpanValue) => boolean;

/** A comparison of two values that are both known only span by span. */
export function comparison(is: TraceqlComparison): Compare {
  if (is === "=~" || is === "!~") {
    throw new PermanentError("bad_request", `${is}: expected a text in quotes as the regular expression on its right`);
  }
  return (left, right) => {
    if (isNumber(left) && isNumber(right)) return numbersHold(is, left, right);
    if (typeof left === "string" && typeof right === "string") return textsHold(is, left, right);
    if ((is === "=" || is === "!=") && haveOneType(left, right)) return (left === right) === (is === "=");
    return false;
  };
}

/** A comparison with a literal on the right. Throws PermanentError for a regular expression that cannot be used. */
export function literalTest(is: TraceqlComparison, literal: TraceqlLiteral): (value: SpanValue) => boolean {
  if (is === "=~" || is === "!~") {
    if (literal.type !== "string") return () => false;
    const matches = compilePattern(literal.value);
    return (value) => typeof value === "string" && matches(value) === (is === "=~");
  }
  const wanted = literalValue(literal);
  if (typeof wanted === "string") return (value) => typeof value === "string" && textsHold(is, value, wanted);
  if (isNumber(wanted)) {
    const test = numberTest(is, wanted);
    return (value) => isNumber(value) && test(value);
  }
  if (is !== "=" && is !== "!=") return () => false;
  return (value) => haveOneType(value, wanted) && (value === wanted) === (is === "=");
}

export function isNumber(value: SpanValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function haveOneType(left: SpanValue, right: SpanValue): boolean {
  if (typeof left === "boolean") return typeof right === "boolean";
  return left instanceof Code && right instanceof Code && left.type === right.type;
}

function numbersHold(is: TraceqlComparison, left: number | bigint, right: number | bigint): boolean {
  switch (is) {
    case "=":
      // biome-ignore lint/suspicious/noDoubleEquals: 5n == 5 is the exact comparison wanted here
      return left == right;
    case "!=":
      // biome-ignore lint/suspicious/noDoubleEquals: as above
      return left != right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "<":
      return left < right;
    default:
      return left <= right;
  }
}

function textsHold(is: TraceqlComparison, left: string, right: string): boolean {
  switch (is) {
    case "=":
      return left === right;
    case "!=":
      return left !== right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "<":
      return left < right;
    default:
      return left <= right;
  }
}
