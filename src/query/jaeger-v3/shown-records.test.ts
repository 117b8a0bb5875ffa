import fc from "fast-check";
import { expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { batchOf } from "../../../test/support/query/fixture-traces.ts";
import type { LogFragment } from "../../model/log.ts";
import type { Span } from "../../model/span.ts";
import { JaegerTraceJson } from "../jaeger/trace-json.ts";
import { JsonWriter } from "../json-writer.ts";
import { type SpanForm, spanRuns } from "./shown-records.ts";

const TRACE = "7".repeat(32);
const id = (n: number) => n.toString(16).padStart(16, "0");
const link = (to: number, traceId = TRACE) => ({
  traceId,
  spanId: id(to),
  traceState: "",
  attributes: [],
  droppedAttributesCount: 0,
  flags: 0,
});

function span(n: number, parent: number | undefined, links: readonly number[], kind: Span["kind"] = 1): Span {
  return spanWith({
    traceId: TRACE,
    spanId: id(n),
    parentSpanId: parent === undefined ? "" : id(parent),
    kind,
    startTimeUnixNano: BigInt(n) * 1_000_000_000n,
    endTimeUnixNano: BigInt(n + 1) * 1_000_000_000n,
    attributes: [],
    links: links.map((to) => link(to)),
  });
}

function fragmentsOf(spans: readonly Span[]): LogFragment[] {
  return [{ block: batchOf([serviceWith("a", spans)]), rows: [...spans.keys()] }];
}

function given(spans: readonly Span[], form: SpanForm): Span[] {
  const runs = [...spanRuns(fragmentsOf(spans), form, new AbortController().signal)];
  return runs.flatMap(({ records }) => records.map((record) => record.span));
}

/** Each span with the spans of its trace that it refers to, the parent first. */
const references = (spans: readonly Span[]) =>
  spans.map(({ spanId, parentSpanId, links }) => [
    spanId,
    ...(parentSpanId === "" ? [] : [parentSpanId]),
    ...links.map(({ spanId: to }) => to),
  ]);

function v1References(spans: readonly Span[]): string[][] {
  const writer = new JsonWriter();
  new JaegerTraceJson(writer).write(TRACE, fragmentsOf(spans), false);
  const { spans: written } = JSON.parse(Buffer.from(writer.finish()).toString()) as {
    spans: { spanID: string; references: { spanID: string }[] }[];
  };
  return written.map(({ spanID, references: list }) => [spanID, ...list.map(({ spanID: to }) => to)]);
}

it.each(["rooted", "shown"] as const)("%s: of a circle the span is cut that is cut in the v1 API", (form) => {
  const any = fc.record({
    parent: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    links: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 2 }),
    kind: fc.constantFrom<Span["kind"]>(1, 2, 3),
  });
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 8 }), (list) => {
      const spans = list.map(({ parent, links, kind }, i) => span(i + 1, parent, links, kind));
      expect(references(given(spans, form))).toEqual(v1References(spans));
    }),
  );
});

it("a span that is cut keeps its links to other traces, counts what it lost, and says it as Jaeger does", () => {
  const other = link(5, "8".repeat(32));
  const circle = [{ ...span(1, 2, []), links: [link(2), other] }, span(2, 1, [])];
  const [cut, kept] = given(circle, "rooted");
  expect(cut).toMatchObject({ parentSpanId: "", links: [other], droppedLinksCount: 1 });
  const value = `references that lead round in a circle are left out: CHILD_OF ${id(2)}, FOLLOWS_FROM ${id(2)}`;
  expect(cut?.attributes).toEqual([
    { key: "@jaeger@warnings", value: { type: "array", value: [{ type: "string", value }] } },
  ]);
  expect(kept).toMatchObject({ parentSpanId: id(1), attributes: [] });
});

it.each(["raw", "adjusted"] as const)("%s: circles stay as they are", (form) => {
  expect(references(given([span(1, 2, []), span(2, 1, [])], form))).toEqual([
    [id(1), id(2)],
    [id(2), id(1)],
  ]);
});

it.each(["rooted", "shown"] as const)("%s: a time that is none is not given as one", (form) => {
  const last = 2n ** 64n - 1n;
  const event = { name: "e", attributes: [], droppedAttributesCount: 0 };
  const events = [
    { ...event, timeUnixNano: last },
    { ...event, timeUnixNano: 7n },
  ];
  const spans = [
    { ...span(1, undefined, []), startTimeUnixNano: last, endTimeUnixNano: last },
    { ...span(2, 1, []), endTimeUnixNano: last, events },
    { ...span(3, 1, []), endTimeUnixNano: 0n },
  ];
  const times = given(spans, form).map(({ startTimeUnixNano, endTimeUnixNano }) => [
    startTimeUnixNano,
    endTimeUnixNano,
  ]);
  expect(times).toEqual([
    [0n, 0n],
    [2_000_000_000n, 2_000_000_000n],
    [3_000_000_000n, 3_000_000_000n],
  ]);
  expect(given(spans, form)[1]?.events.map(({ timeUnixNano }) => timeUnixNano)).toEqual([0n, 7n]);
  expect(given(spans, "raw").map(({ startTimeUnixNano }) => startTimeUnixNano)).toEqual([
    last,
    2_000_000_000n,
    3_000_000_000n,
  ]);
});
