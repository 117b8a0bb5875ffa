import { tellingDigits } from "../../../src/model/trace-reference.ts";

/** The first eight digits of a trace id that tell it from others: those after the zeros of an id of 64 bits. */
export function shortTraceId(traceId: string): string {
  return tellingDigits(traceId).slice(0, 8);
}
