import { expect, it } from "vitest";
import { analysedTrace, type PlainSpan } from "../../../test/support/query/analysed-trace.ts";
import { SPAN_MARK } from "../../model/span.ts";
import { subtreeSizes } from "./analysed-trace.ts";
import { rootRow } from "./root-row.ts";

const rootOf = (...spans: PlainSpan[]) => {
  const trace = analysedTrace(...spans);
  return rootRow(trace, subtreeSizes(trace));
};

it("is the span without a parent that has the most below it", () => {
  const child = { name: "a b", start: 9, end: 10 };
  expect(rootOf({ name: "a x", start: 0, end: 5 }, { name: "a y", start: 9, end: 12, children: [child] })).toBe(1);
});

it("is no span whose parent is missing, nor one of an impossible time", () => {
  expect(rootOf({ name: "a x", start: 0, end: 5, orphan: true })).toBeUndefined();
  const odd = { name: "a x", start: -9, end: 5, marks: SPAN_MARK.impossibleTime };
  expect(rootOf(odd, { name: "a y", start: 0, end: 5 })).toBe(1);
});
