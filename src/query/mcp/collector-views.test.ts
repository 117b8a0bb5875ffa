import { describe, expect, it } from "vitest";
import { cancelled } from "../../component/errors.ts";
import type { ViewHost } from "../../component/read.ts";
import { messageOf } from "../../model/message-of.ts";
import { AnswerBounds } from "../answer-bounds.ts";
import { CollectorViews } from "./collector-views.ts";
import { answerText, TOOL_ANSWER_BYTES } from "./untrusted.ts";

/** Answers nothing until it is told to stop. */
const SLOW: ViewHost = {
  view: (_name, _params, signal) =>
    new Promise((_resolve, reject) => {
      if (signal.aborted) reject(cancelled());
      signal.addEventListener("abort", () => reject(cancelled()));
    }),
};

describe("a call of a tool", () => {
  it("is ended after its time, and says so", async () => {
    const views = new CollectorViews(SLOW, new AnswerBounds(), new AbortController().signal, 1);
    const error = await views.bytes("ui.services", {}).catch((reason: unknown) => reason);
    expect(messageOf(error)).toContain("the call was ended after");
    expect(messageOf(error)).toContain("narrow the time range");
  });

  it("is ended when whoever asked has gone", async () => {
    const closed = new AbortController();
    const views = new CollectorViews(SLOW, new AnswerBounds(), closed.signal);
    const answer = views.bytes("ui.services", {});
    closed.abort();
    await expect(answer).rejects.toThrow();
  });
});

describe("an answer", () => {
  it("has as many entries as there is room for, and says how many are missing", () => {
    const entries = Array.from({ length: 1_000 }, (_, i) => ({ name: `<span-data> ${i} ${"x".repeat(500)}` }));
    const text = answerText({ notes: ["Found."], data: { entries }, list: "entries" });
    expect(Buffer.byteLength(text)).toBeLessThan(TOOL_ANSWER_BYTES + 1_000);
    expect(text).toMatch(/^Found\.\nCut: \d+ of 1000 entries of "entries" are here/);
    expect(text).toContain("(514 characters)");
    expect(text.match(/<span-data>/g)).toHaveLength(1);
  });
});
