import { describe, expect, it } from "vitest";
import { analysedTrace, type PlainSpan } from "../../../test/support/query/analysed-trace.ts";
import { SPAN_KIND, SPAN_MARK } from "../../model/span.ts";
import type { AnalysedTrace } from "./analysed-trace.ts";
import { blameSentence, failedSentence, repeatSentence, slowSentence } from "./sentences.ts";
import type { Usual } from "./usual.ts";
import { judge } from "./verdict.ts";

const usually = (medianMs: number, more: Partial<Usual> = {}): Usual => ({
  samples: 500,
  medianNano: medianMs * 1e6,
  p95Nano: 2 * medianMs * 1e6,
  p99Nano: 3 * medianMs * 1e6,
  ...more,
});
const USUAL: Readonly<Record<string, Usual>> = {
  "shop POST /checkout": usually(126),
  "shop POST": usually(100),
  "stock POST /reserve": usually(60),
  "stock SELECT stock": usually(2),
  "stock SELECT item": usually(10),
  "shop render": usually(8),
};
const judged = (trace: AnalysedTrace, growing = false) =>
  judge(trace, ({ service, name }) => USUAL[`${service} ${name}`], growing);

/** What is said of a trace, a line for each part. */
function said(...roots: PlainSpan[]): string[] {
  const trace = analysedTrace(...roots);
  const { slow, failed, repeated, silent } = judged(trace);
  return [
    failed === undefined ? "" : failedSentence(trace, failed, "card declined"),
    slow === undefined ? "" : slowSentence(slow),
    slow?.blame === undefined ? "" : blameSentence(trace, slow.blame, slow.durationNano, ["lock.wait"]),
    repeated === undefined ? "" : repeatSentence(trace, repeated),
    silent ?? "",
  ].filter((line) => line !== "");
}

const span = (name: string, start: number, end: number, ...children: PlainSpan[]): PlainSpan => ({
  name,
  start,
  end,
  children,
});

describe("a slow request", () => {
  it("is put down to the span that took longer than usual, however deep", () => {
    const select = span("stock SELECT stock", 40, 1_230);
    expect(
      said(
        span(
          "shop POST /checkout",
          0,
          1_300,
          span("shop POST", 20, 1_260, span("stock POST /reserve", 30, 1_240, select)),
        ),
      ),
    ).toEqual(["Slow: 1.3 s, usually 126 ms", "92 % in stock SELECT stock · 1.19 s, usually 2 ms · lock.wait"]);
  });

  it("is put down to a span's own time where nothing below explains it", () => {
    expect(
      said(
        span(
          "shop POST /checkout",
          0,
          1_300,
          span("stock POST /reserve", 20, 1_260, span("stock SELECT stock", 30, 32)),
        ),
      ),
    ).toEqual(["Slow: 1.3 s, usually 126 ms", "95 % in stock POST /reserve itself · 1.24 s · lock.wait"]);
  });

  it("is put down to many calls together, adjacent or not", () => {
    const slowly = (calls: PlainSpan[]) =>
      said(span("shop POST /checkout", 0, 1_300, span("stock POST /reserve", 5, 1_250, ...calls)))[1];
    const calls = (each: number) =>
      Array.from({ length: 40 }, (_, i) => span("stock SELECT item", 10 + 30 * i, 10 + 30 * i + each));
    const between = calls(0).map((_, i) => span("shop render", 31 + 30 * i, 38 + 30 * i));
    expect(slowly(calls(28))).toBe("86 % in 40 × stock SELECT item · 1.12 s together, one usually 10 ms");
    expect(slowly([...calls(20), ...between])).toBe(
      "62 % in 40 × stock SELECT item · 800 ms together, one usually 10 ms",
    );
  });

  it("is not one below 1.5 times the usual p95, nor by less than 20 ms", () => {
    expect(said(span("shop POST /checkout", 0, 370))).toEqual([]);
    expect(said(span("shop POST /checkout", 0, 385))).toEqual(["Slow: 385 ms, usually 126 ms"]);
    expect(said(span("stock SELECT stock", 0, 21))).toEqual([]);
  });

  it("is measured by the p99 from a thousand requests on", () => {
    const trace = analysedTrace(span("shop POST /checkout", 0, 370));
    const many = () => usually(126, { samples: 1_000, p99Nano: 360e6 });
    expect(judge(trace, many, false).slow?.durationNano).toBe(370e6);
    expect(judge(trace, () => usually(126, { samples: 49 }), false).silent).toContain("fewer than 50");
  });
});

describe("a failed request", () => {
  const declined = { ...span("payment POST", 10, 40), failed: true };

  it("is told by where it went wrong first", () => {
    const root = { ...span("shop POST /checkout", 0, 50, declined), failed: true };
    expect(said(root)).toEqual(["Failed: payment POST → card declined (first of 2)"]);
  });

  it("has recovered where its root did not fail", () => {
    expect(said(span("shop POST /checkout", 0, 50, declined))).toEqual([
      "Recovered: payment POST → card declined; the request itself did not fail",
    ]);
  });
});

describe("calls that repeat", () => {
  const items = (count: number, each: number, every: number) =>
    Array.from({ length: count }, (_, i) => span("stock SELECT item", 10 + every * i, 10 + every * i + each));

  it("are N+1 where they run one after the other, also between others", () => {
    const others = Array.from({ length: 40 }, (_, i) => span("shop render", 20 + 11 * i, 21 + 11 * i));
    const told = ["N+1: 40 × SELECT item = 400 ms, 80 %"];
    expect(said(span("shop GET /list", 0, 500, ...items(40, 10, 10)))).toEqual(expect.arrayContaining(told));
    expect(said(span("shop GET /list", 0, 500, ...items(40, 10, 11), ...others))).toEqual(expect.arrayContaining(told));
  });

  it("are none where they run side by side, or hardly last", () => {
    const sideBySide = said(span("shop GET /list", 0, 500, ...items(40, 400, 1)));
    const short = said(span("shop GET /list", 0, 500, ...items(40, 1, 10)));
    expect([...sideBySide, ...short].filter((line) => line.startsWith("N+1"))).toEqual([]);
  });

  it("are tries where most of them failed", () => {
    const tries = items(4, 60, 100).map((one, i) => ({ ...one, failed: i < 3 }));
    expect(said(span("shop GET /list", 0, 500, ...tries))).toContain(
      "Retried: 4 × SELECT item, 3 failed = 240 ms, 48 %",
    );
  });
});

describe("nothing is said of the duration", () => {
  const slow = (...children: PlainSpan[]) => span("shop POST /checkout", 0, 1_300, ...children);

  it("while spans arrive, and without a root", () => {
    expect(judged(analysedTrace(slow()), true)).toMatchObject({ silent: "spans are still arriving" });
    expect(said({ ...slow(), orphan: true })).toEqual(["the root span has not arrived"]);
    const odd = { ...slow(), marks: SPAN_MARK.impossibleTime };
    expect(said(odd)).toEqual(["the root span's start or end time is missing or impossible"]);
    expect(said(span("shop GET /", 0, 0))).toEqual(["the root span took no time"]);
    expect(said(span("shop GET /", 9, 0))).toEqual(["the root span ends before it starts"]);
  });

  it("where parents on the path are missing", () => {
    const orphan = { ...span("stock SELECT stock", 100, 900), orphan: true };
    expect(said(slow(), orphan)).toEqual(["spans between the root and others have not arrived"]);
    expect(said(slow(), { ...orphan, end: 150 })).toEqual(["Slow: 1.3 s, usually 126 ms"]);
  });

  it("where the clocks of two services differ", () => {
    const server = { ...span("stock POST /reserve", 700, 1_000), kind: SPAN_KIND.server };
    const call = { ...span("shop POST", 100, 900, server), kind: SPAN_KIND.client };
    expect(said(slow(call))).toEqual(["clocks of its services differ"]);
  });

  it("where the operation is not kept apart", () => {
    expect(said(span("shop (other operations)", 0, 9_000))).toEqual([
      "fewer than 50 requests of this kind were seen in the day before or after",
    ]);
  });
});
