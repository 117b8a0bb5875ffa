import { describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import type { TracesData } from "../../model/span.ts";
import { inPlace, inTurn, type Rewrite } from "./rewrite.ts";

const named = (...names: string[]): TracesData => names.map((name) => serviceWith(name, [spanWith({ name })]));
const namesOf = (data: TracesData) => data.map((entry) => entry.scopeSpans[0]?.spans[0]?.name);

/** Span i of the result was span order[i]. */
const moving = (order: readonly number[]): Rewrite => ({
  apply: (data) => ({ data: order.map((row) => data[row] as TracesData[number]), order }),
});

describe("rewrites in turn", () => {
  it("give the very data where none changes it", () => {
    const data = named("a");
    expect(inTurn([inPlace({ apply: (same) => same }), inTurn([])]).apply(data)).toEqual({ data, order: undefined });
    expect(inTurn([inPlace({ apply: (same) => same })]).apply(data).data).toBe(data);
  });

  it("work on what the one before gave, and tell where each span was at first", () => {
    const first = named("a", "b", "c");
    const copy = inPlace({ apply: (data) => data.map((entry) => ({ ...entry })) });
    const { data, order } = inTurn([moving([2, 0, 1]), copy, moving([1, 0, 2])]).apply(first);
    expect(namesOf(data)).toEqual(["a", "c", "b"]);
    expect(order?.map((row) => namesOf(first)[row])).toEqual(namesOf(data));
  });
});
