import { describe, expect, it } from "vitest";
import { fragmentOf } from "../../../test/support/fragments.ts";
import { spanWith } from "../../../test/support/otlp-spans.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import type { TraceReader } from "../../component/read.ts";
import type { KeyValue } from "../../model/any-value.ts";
import type { LogFragment } from "../../model/log.ts";
import type { Span } from "../../model/span.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import { firstError, firstErrors } from "./first-error.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const OK = { code: 0, message: "" } as const;
const failed = (message = "") => ({ code: 2, message }) as const;
const attribute = (key: string, value: string): KeyValue => ({ key, value: { type: "string", value } });

/** Span `id` began at `id`, in the service `shop`. */
function span(id: number, parent: number, status: Span["status"], more: Partial<Span> = {}): Span {
  const hex = (value: number) => (value === 0 ? "" : value.toString(16).padStart(16, "0"));
  return spanWith({
    traceId: TRACE,
    spanId: hex(id),
    parentSpanId: hex(parent),
    name: `span ${id}`,
    kind: 1,
    startTimeUnixNano: BigInt(id),
    endTimeUnixNano: 100n,
    status,
    ...more,
  });
}

function fragment(...spans: Span[]): LogFragment {
  return fragmentOf(
    encodeTraces([
      {
        resource: { attributes: [attribute("service.name", "shop")], droppedAttributesCount: 0, entityRefs: [] },
        schemaUrl: "",
        scopeSpans: [
          { scope: { name: "", version: "", attributes: [], droppedAttributesCount: 0 }, schemaUrl: "", spans },
        ],
      },
    ]),
  );
}

describe("the first error of a trace", () => {
  it("is the earliest that no child explains, wherever its spans are", () => {
    const above = fragment(span(1, 0, failed("status 500")), span(2, 1, failed("upstream failed")));
    const below = fragment(span(3, 2, OK), span(5, 2, failed("card declined")), span(6, 1, failed("later")));
    expect(firstError([above, below])).toEqual({
      spanId: "0000000000000005",
      service: "shop",
      name: "span 5",
      text: "card declined",
    });
    expect(firstError([fragment(span(1, 0, OK))])).toBeUndefined();
  });

  it("lies below a span without a status of its own, and names the code that it ended with", () => {
    const below = span(3, 2, failed(), { attributes: [attribute("http.status_code", "503")] });
    expect(firstError([fragment(span(1, 0, failed("outer")), span(2, 1, OK), below)])).toMatchObject({
      name: "span 3",
      text: "HTTP 503",
    });
  });

  it("is found where parents go in a circle, in the tree that the page shows", () => {
    expect(firstError([fragment(span(1, 2, failed("a")), span(2, 1, failed("b")))])?.text).toBe("b");
  });

  it("has a text of one line and bounded length", () => {
    const textOf = (message: string) => firstError([fragment(span(1, 0, failed(message)))])?.text ?? "";
    expect(textOf("  at a\n\tat b\r\n")).toBe("at a at b");
    expect([...textOf("x".repeat(200))]).toHaveLength(200);
    const cut = textOf("😀".repeat(100_000));
    expect([...cut]).toHaveLength(200);
    expect(cut).toMatch(/^(?:😀){199}…$/u);
  });
});

describe("the errors of a list", () => {
  const summary = (traceId: string, more: Partial<TraceSummary> = {}) =>
    ({ traceId, errorCount: 1, spanCount: 3, ...more }) as TraceSummary;
  const id = (digit: string) => digit.repeat(32);
  const { signal } = new AbortController();

  function readerOf(fragments: readonly LogFragment[]) {
    const asked: string[] = [];
    const trace: TraceReader["trace"] = async (traceId) => {
      asked.push(Buffer.from(traceId).toString("hex"));
      return fragments;
    };
    return { asked, reader: { trace } as TraceReader };
  }

  it("are read for traces that have some and are not too long", async () => {
    const { asked, reader } = readerOf([fragment(span(1, 0, failed("refused")))]);
    const traces = [
      summary(id("a")),
      summary(id("b"), { errorCount: 0 }),
      summary(id("c"), { spanCount: 100_000 }),
      summary(id("d")),
    ];
    const found = await firstErrors(reader, traces, signal, 60_000);
    expect(asked).toEqual([id("a"), id("d")]);
    expect(
      [...found].map(([traceId, { firstError, firstErrorUnread }]) => [traceId, firstError?.text, firstErrorUnread]),
    ).toEqual([
      [id("a"), "refused", undefined],
      [id("c"), undefined, "size"],
      [id("d"), "refused", undefined],
    ]);
  });

  it("are said to be unread when their time is used up", async () => {
    const { asked, reader } = readerOf([]);
    const found = await firstErrors(reader, [summary(id("a")), summary(id("b"), { errorCount: 0 })], signal, 0);
    expect([...found]).toEqual([[id("a"), { firstErrorUnread: "time" }]]);
    expect(asked).toEqual([]);
  });
});
