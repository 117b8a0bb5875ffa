import { bytesToHex } from "../../model/ids.ts";
import { endNano, isRoot, type SpanColumns, startNano } from "../../model/span-columns.ts";
import { TIME_CLASS, timeClassOf } from "../../model/span-times.ts";
import type { Comparison, Literal, SpanField } from "../../model/trace-query.ts";
import { never, numberTest, textTest } from "../spans/compare.ts";

type Intrinsic = Extract<SpanField, { intrinsic: string }>["intrinsic"];
export type IdField = Extract<Intrinsic, "traceId" | "spanId" | "parentSpanId">;
export type TimeField = Extract<Intrinsic, "startTime" | "endTime">;
export type ColumnTest = (columns: SpanColumns, row: number) => boolean;

/** A test of an id of a span, as hex digits. */
export function idTest(field: IdField, is: Comparison, literal: Literal): ColumnTest {
  const test = textTest(is, literal);
  switch (field) {
    case "traceId":
      return ({ traceIds, traceIndex }, row) => test(bytesToHex(traceIds, (traceIndex[row] as number) * 16, 16));
    case "spanId":
      return ({ spanIds }, row) => test(bytesToHex(spanIds, row * 8, 8));
    case "parentSpanId":
      return (columns, row) => !isRoot(columns, row) && test(bytesToHex(columns.parentIds, row * 8, 8));
  }
}

/** A test of a time of a span in ns; false of what is no time. */
export function timeTest(field: TimeField, is: Comparison, literal: Literal): ColumnTest {
  const holds = timeHolds(is, literal);
  return (columns, row) => {
    const time = timeOf(field, columns, row);
    return time !== undefined && holds(time);
  };
}

/** Undefined where it is no time. */
export function timeOf(field: TimeField, columns: SpanColumns, row: number): bigint | undefined {
  const time = field === "startTime" ? startNano(columns, row) : endNano(columns, row);
  return timeClassOf(time) === TIME_CLASS.none ? undefined : time;
}

function timeHolds(is: Comparison, literal: Literal): (time: bigint) => boolean {
  if (literal.type === "text") {
    const test = textTest(is, literal);
    return (time) => test(time.toString());
  }
  return literal.type === "int" || literal.type === "double" ? numberTest(is, literal.value) : never;
}
