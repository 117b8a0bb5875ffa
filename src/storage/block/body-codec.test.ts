import { describe, expect, it } from "vitest";
import { Random } from "../../demo/random.ts";
import { BODY_CODEC } from "./block-limits.ts";
import { decodeBody, encodeBody } from "./body-codec.ts";

/** Bytes of which one in `spread` is drawn anew, and the others are zeros. */
function bytesOf(length: number, spread: number): Uint8Array {
  const random = new Random(length);
  return Uint8Array.from({ length }, (_, i) => (i % spread === 0 ? Math.floor(random.next() * 256) : 0));
}

describe("encodeBody", () => {
  it.each([
    ["compresses well", 30_000, 16, BODY_CODEC.brotli],
    ["takes more than most do", 30_000, 2, BODY_CODEC.brotli],
    ["takes more than most do, as large as a full block's,", 300_000, 2, BODY_CODEC.brotli],
    ["does not compress", 30_000, 1, BODY_CODEC.plain],
    ["is short", 500, 16, BODY_CODEC.plain],
  ])("gives back a body that %s", (_, length, spread, codec) => {
    const body = bytesOf(length, spread);
    const stored = encodeBody(body);
    expect(stored.codec).toBe(codec);
    expect(Buffer.compare(decodeBody(stored.codec, stored.bytes, length), body)).toBe(0);
  });

  it("leaves little memory to the garbage collector where bodies are small", () => {
    const body = bytesOf(8_000, 16);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i++) encodeBody(body);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 8_000);
  });
});
