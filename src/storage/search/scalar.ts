import { PermanentError } from "../../component/errors.ts";
import type { ScalarExpression, SpansetStage } from "../../model/traceql.ts";
import type { Pacer } from "../cache/pacer.ts";
import { comparison, isNumber, literalTest, literalValue, type SpanValue } from "../spans/span-value.ts";
import type { TraceSpans } from "../spans/trace-spans.ts";
import { calculate, integer } from "./arithmetic.ts";
import { type CompiledExpression, compileExpression, MAX_DEPTH } from "./field-expression.ts";
import { giveWay, STRIDE } from "./give-way.ts";

type Aggregate = Exclude<Extract<ScalarExpression, { scalar: "aggregate" }>["of"], "count">;

interface Scalar {
  readonly cost: 0 | 1 | 2;
  value(spans: TraceSpans, spanset: Uint32Array, pacer: Pacer): Promise<SpanValue>;
}

export interface ScalarTest {
  readonly cost: 0 | 1 | 2;
  holds(spans: TraceSpans, spanset: Uint32Array, pacer: Pacer): Promise<boolean>;
}

/**
 * A scalar stage as a test of one spanset. Aggregates are over the numbers that a field is, of each span the first;
 * where there is none the aggregate is nil, with which no comparison holds. Throws PermanentError `bad_request`.
 */
export function scalarTest({ left, is, right }: Extract<SpansetStage, { stage: "scalar" }>): ScalarTest {
  const a = compileScalar(left, 0);
  if (right.scalar === "literal") {
    const test = literalTest(is, right.value);
    return { cost: a.cost, holds: async (...of) => test(await a.value(...of)) };
  }
  const b = compileScalar(right, 0);
  const test = comparison(is);
  return {
    cost: Math.max(a.cost, b.cost) as 0 | 1 | 2,
    holds: async (...of) => test(await a.value(...of), await b.value(...of)),
  };
}

function compileScalar(scalar: ScalarExpression, depth: number): Scalar {
  if (depth > MAX_DEPTH) throw new PermanentError("bad_request", `the query is nested deeper than ${MAX_DEPTH}`);
  switch (scalar.scalar) {
    case "literal": {
      const value = literalValue(scalar.value);
      return { cost: 0, value: async () => value };
    }
    case "aggregate": {
      if (scalar.of === "count") return { cost: 0, value: async (_, spanset) => BigInt(spanset.length) };
      const { of } = scalar;
      const field = compileExpression(scalar.field);
      return { cost: field.cost, value: (...spanset) => aggregate(of, field, ...spanset) };
    }
    case "arithmetic": {
      const left = compileScalar(scalar.left, depth + 1);
      const right = compileScalar(scalar.right, depth + 1);
      return {
        cost: Math.max(left.cost, right.cost) as 0 | 1 | 2,
        async value(...of) {
          return calculate(scalar.op, await left.value(...of), await right.value(...of));
        },
      };
    }
  }
}

async function aggregate(
  of: Aggregate,
  field: CompiledExpression,
  spans: TraceSpans,
  spanset: Uint32Array,
  pacer: Pacer,
): Promise<SpanValue> {
  let count = 0;
  let integers = 0n;
  let floats = 0;
  let onlyIntegers = true;
  let least: number | bigint | undefined;
  let most: number | bigint | undefined;
  for (const [i, span] of spanset.entries()) {
    if (i % STRIDE === STRIDE - 1) await giveWay(pacer);
    const value = field.value(spans, span);
    if (!isNumber(value) || Number.isNaN(value)) continue;
    count++;
    floats += Number(value);
    if (typeof value === "bigint") integers += value;
    else onlyIntegers = false;
    if (least === undefined || value < least) least = value;
    if (most === undefined || value > most) most = value;
  }
  if (count === 0) return undefined;
  switch (of) {
    case "min":
      return least;
    case "max":
      return most;
    case "sum":
      return onlyIntegers ? integer(integers) : floats;
    case "avg":
      return (onlyIntegers ? Number(integers) : floats) / count;
  }
}
