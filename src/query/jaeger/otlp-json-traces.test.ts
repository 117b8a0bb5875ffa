import { expect, it } from "vitest";
import { fragmentsOfJson } from "./otlp-json-traces.ts";

const MIB = 1024 * 1024;

it("refuses a text that is longer than 16 MiB before it reads it", () => {
  const long = new Uint8Array(16 * MIB + 1).fill(0x20);
  expect(() => fragmentsOfJson(long)).toThrow(expect.objectContaining({ code: "too_large" }));
  expect(() => fragmentsOfJson(long.subarray(1))).toThrow(/malformed JSON/);
});

it("says in a few words where a long text is wrong", () => {
  const text = Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${"{},".repeat(100_000)}{}]}]}]}`);
  const expected = {
    code: "bad_request",
    message: expect.stringMatching(/^cannot read OTLP\/JSON: 100001 spans refused.{0,400}$/),
  };
  expect(() => fragmentsOfJson(text)).toThrow(expect.objectContaining(expected));
});
