import { expect, it } from "vitest";
import { serviceWith, spanWith, textAttribute } from "../../../test/support/otlp-spans.ts";
import { batchOf } from "../../../test/support/query/fixture-traces.ts";
import { MemoryReader } from "../../../test/support/query/memory-reader.ts";
import { wholeAnswer } from "../../component/read.ts";
import { PIECE_BYTES } from "../pieced-answer.ts";
import { jaegerV3Views } from "./views.ts";

const { signal } = new AbortController();
const traceId = "1".repeat(32);

it("a large trace comes in pieces, each no larger than it has to be, and is one answer", async () => {
  const spans = Array.from({ length: 3_000 }, (_, i) =>
    spanWith({
      traceId,
      spanId: (i + 1).toString(16).padStart(16, "0"),
      attributes: [textAttribute("text", "x".repeat(400))],
    }),
  );
  const reader = new MemoryReader([
    batchOf([serviceWith("a", spans.slice(0, 2_000)), serviceWith("b", spans.slice(2_000))]),
  ]);
  const ask = () => jaegerV3Views["jaeger.v3.trace"](reader, { traceId, raw: false }, signal);
  const answer = await ask();
  let largest = answer.body.length;
  for (let last = false; !last; ) {
    const piece = await answer.rest?.next();
    largest = Math.max(largest, piece?.bytes.length ?? 0);
    last = piece?.last ?? true;
  }
  expect(largest).toBeLessThan(PIECE_BYTES * 2);
  const whole = await wholeAnswer(await ask());
  const json = JSON.parse(Buffer.from(whole.body).toString()) as {
    result: { resourceSpans: { scopeSpans: { spans: { spanId: string }[] }[] }[] };
  };
  expect(json.result.resourceSpans).toHaveLength(2);
  const ids = json.result.resourceSpans.flatMap((entry) => entry.scopeSpans.flatMap((scope) => scope.spans));
  expect(ids.map(({ spanId }) => spanId)).toEqual(spans.map(({ spanId }) => spanId));
});

it("a server that has its client's span id gets one of its own, and what is below it moves along", async () => {
  const shared = "a".repeat(16);
  const span = (kind: 1 | 2 | 3, spanId: string, parentSpanId: string) =>
    spanWith({ traceId, kind, spanId, parentSpanId, name: String(kind) });
  const reader = new MemoryReader([
    batchOf([serviceWith("a", [span(3, shared, ""), span(2, shared, ""), span(1, "b".repeat(16), shared)])]),
  ]);
  const parents = async (raw: boolean) => {
    const { body } = await wholeAnswer(await jaegerV3Views["jaeger.v3.trace"](reader, { traceId, raw }, signal));
    const text = Buffer.from(body).toString();
    const { spans } = JSON.parse(text).result.resourceSpans[0].scopeSpans[0];
    return spans.map((one: { spanId: string; parentSpanId?: string }) => [one.spanId, one.parentSpanId]);
  };
  const own = `${"a".repeat(15)}b`;
  expect(await parents(false)).toEqual([
    [shared, undefined],
    [own, shared],
    ["b".repeat(16), own],
  ]);
  expect(await parents(true)).toEqual([
    [shared, undefined],
    [shared, undefined],
    ["b".repeat(16), shared],
  ]);
});

it("a search that saw only a part says so, and none found in it is no 404", async () => {
  const reader = new MemoryReader([batchOf([serviceWith("a", [spanWith({ traceId })])])]);
  reader.complete = false;
  const query = { filter: { op: "all" }, limit: 10 } as const;
  expect((await jaegerV3Views["jaeger.v3.search"](reader, { query, raw: false }, signal)).incomplete).toContain("part");
  expect((await jaegerV3Views["jaeger.v3.summaries"](reader, { query, paged: false }, signal)).incomplete).toContain(
    "part",
  );
  const none = { ...query, startMin: 1n << 63n };
  await expect(jaegerV3Views["jaeger.v3.search"](reader, { query: none, raw: false }, signal)).rejects.toMatchObject({
    code: "storage_unavailable",
  });
});
