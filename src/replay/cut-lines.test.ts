import { expect, it } from "vitest";
import { serviceWith, spanWith } from "../../test/support/otlp-spans.ts";
import type { TracesData } from "../model/span.ts";
import { cutTraces, filterSpans } from "./cut-lines.ts";

const names = (data: TracesData) =>
  data.flatMap(({ scopeSpans }) => scopeSpans.map(({ spans }) => spans.map(({ name }) => name).join("")));
const named = (text: string) => [...text].map((name) => spanWith({ name }));
const DATA = [serviceWith("one", named("abc")), serviceWith("two", named("de")), serviceWith("three", named("f"))];

it("cuts traces into parts of a size, in order, and repeats what the spans share", () => {
  const parts = [...cutTraces(DATA, 2)];
  expect(parts.map(names)).toEqual([["ab"], ["c", "d"], ["e", "f"]]);
  expect(parts[1]?.map(({ resource }) => resource)).toEqual([DATA[0]?.resource, DATA[1]?.resource]);
  expect([...cutTraces(DATA, 6)].map(names)).toEqual([["abc", "de", "f"]]);
  expect([...cutTraces([serviceWith("empty", [])], 2)]).toEqual([]);
});

it("leaves out spans, and what holds none then", () => {
  expect(names(filterSpans(DATA, ({ name }) => name > "c"))).toEqual(["de", "f"]);
});
