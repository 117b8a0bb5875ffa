import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { batchOf } from "../../../test/support/query/fixture-traces.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { Span } from "../../model/span.ts";
import { JsonWriter } from "../json-writer.ts";
import { JaegerTraceJson } from "./trace-json.ts";

const TRACE = "7".repeat(32);
const id = (n: number) => n.toString(16).padStart(16, "0");

/** Parent and links by the numbers of spans; the number is the start, too. */
function span(n: number, parent: number | undefined, links: readonly number[] = [], changes: Partial<Span> = {}): Span {
  return spanWith({
    traceId: TRACE,
    spanId: id(n),
    parentSpanId: parent === undefined ? "" : id(parent),
    kind: 1,
    startTimeUnixNano: BigInt(n) * 1_000_000_000n,
    endTimeUnixNano: BigInt(n + 1) * 1_000_000_000n,
    links: links.map((to) => ({
      traceId: TRACE,
      spanId: id(to),
      traceState: "",
      attributes: [],
      droppedAttributesCount: 0,
      flags: 0,
    })),
    ...changes,
  });
}

interface Written {
  readonly spanID: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  readonly warnings: readonly string[] | null;
}

function write(spans: readonly Span[], raw = false): Written[] {
  const writer = new JsonWriter();
  const block = batchOf([serviceWith("a", spans)]);
  expect(bytesToHex(block.columns.traceIds)).toBe(TRACE);
  new JaegerTraceJson(writer).write(TRACE, [{ block, rows: [...spans.keys()] }], raw);
  return (JSON.parse(Buffer.from(writer.finish()).toString()) as { spans: Written[] }).spans;
}

/** Jaeger UI's tree: the first reference is the parent, of whatever type. Ids of the spans that hang on a root. */
function shownBelowRoots(spans: readonly Written[]): string[] {
  const known = new Set(spans.map(({ spanID }) => spanID));
  const children = new Map<string, string[]>();
  for (const { spanID, references } of spans) {
    const [first] = references;
    const parent = first !== undefined && known.has(first.spanID) ? first.spanID : "root";
    children.set(parent, [...(children.get(parent) ?? []), spanID]);
  }
  const below = (at: string): string[] => (children.get(at) ?? []).flatMap((child) => [child, ...below(child)]);
  return below("root").sort();
}

const short = (spans: readonly Written[]) =>
  spans.map(({ spanID, references }) => [
    Number.parseInt(spanID, 16),
    ...references.map(({ refType, spanID: to }) => `${refType} ${Number.parseInt(to, 16)}`),
  ]);

describe("references that lead round in a circle", () => {
  it("a root with a link to its own grandchild stays a root", () => {
    const spans = write([span(1, undefined, [3]), span(2, 1), span(3, 2)]);
    expect(short(spans)).toEqual([[1], [2, "CHILD_OF 1"], [3, "CHILD_OF 2"]]);
    expect(spans.map(({ warnings }) => warnings)).toEqual([
      [`references that lead round in a circle are left out: FOLLOWS_FROM ${id(3)}`],
      null,
      null,
    ]);
  });

  it("the root is kept where a clock has it start after its children", () => {
    const late = { startTimeUnixNano: 9_000_000_000n, endTimeUnixNano: 10_000_000_000n };
    expect(short(write([span(1, undefined, [2], late), span(2, 1)]))).toEqual([[1], [2, "CHILD_OF 1"]]);
  });

  it("a span that is its own parent, and two that are each other's", () => {
    expect(short(write([span(1, 1)]))).toEqual([[1]]);
    expect(short(write([span(2, 1), span(1, 2), span(3, 2)]))).toEqual([[2, "CHILD_OF 1"], [1], [3, "CHILD_OF 2"]]);
  });

  it("two roots that follow from each other's spans", () => {
    const spans = write([span(1, undefined, [4]), span(2, 1), span(3, undefined, [2]), span(4, 3)]);
    expect(short(spans)).toEqual([[1], [2, "CHILD_OF 1"], [3, "FOLLOWS_FROM 2"], [4, "CHILD_OF 3"]]);
  });

  it("a link that leads to no circle stays, and so does everything where raw spans are asked for", () => {
    expect(short(write([span(1, undefined), span(2, undefined, [1])]))).toEqual([[1], [2, "FOLLOWS_FROM 1"]]);
    expect(short(write([span(1, 2), span(2, 1)], true))).toEqual([
      [1, "CHILD_OF 2"],
      [2, "CHILD_OF 1"],
    ]);
  });

  it("of whatever parents and links, every span hangs on a root, and spans without circles are left alone", () => {
    const any = fc.record({
      parent: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      links: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 2 }),
      kind: fc.constantFrom<Span["kind"]>(1, 2, 3),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 8 }), (list) => {
        const spans = list.map(({ parent, links, kind }, i) => span(i + 1, parent, links, { kind }));
        const written = write(spans);
        expect(shownBelowRoots(written)).toEqual(written.map(({ spanID }) => spanID).sort());
        const raw = write(spans, true);
        if (shownBelowRoots(raw).length === raw.length) expect(written).toEqual(raw);
      }),
    );
  });
});
