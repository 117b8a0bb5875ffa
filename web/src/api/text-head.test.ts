import { expect, it } from "vitest";
import { headOfBytes, headOfStream } from "./text-head.ts";

const encoder = new TextEncoder();

function streamOf(texts: readonly string[]) {
  let left = texts.length;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (left === 0) controller.close();
        else controller.enqueue(encoder.encode(texts[texts.length - left--]));
      },
      cancel() {
        cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, left: () => left, cancelled: () => cancelled };
}

it("is the whole text where that is short enough", async () => {
  const { stream, cancelled } = streamOf(["abc", "def"]);
  expect(await headOfStream(stream, 6)).toEqual({ text: "abcdef", whole: true });
  expect(cancelled()).toBe(false);
});

it("reads a longer one no further than it has to", async () => {
  const { stream, left, cancelled } = streamOf(["abc", "def", "ghi", "jkl"]);
  expect(await headOfStream(stream, 4)).toEqual({ text: "abcd", whole: false });
  expect([left(), cancelled()]).toEqual([2, true]);
});

it("leaves a character away that is cut", () => {
  expect(headOfBytes(encoder.encode("aä"), 2)).toEqual({ text: "a", whole: false });
});
