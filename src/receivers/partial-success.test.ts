import { expect, it } from "vitest";
import { cutMessage, partialSuccessOf } from "./partial-success.ts";

it("is unset on full success, and set for refused spans or a warning", () => {
  expect(partialSuccessOf({ accepted: 5, rejected: 0, message: "" })).toBeUndefined();
  expect(partialSuccessOf({ accepted: 5, rejected: 1, message: "m" })).toEqual({ rejectedSpans: 1, errorMessage: "m" });
  expect(partialSuccessOf({ accepted: 5, rejected: 0, message: "w" })).toEqual({ rejectedSpans: 0, errorMessage: "w" });
});

it("keeps a message of 8192 characters, and cuts a longer one between characters", () => {
  const long = "x".repeat(8_192);
  expect(cutMessage(long)).toBe(long);
  expect(cutMessage(`${long}y`)).toBe(`${"x".repeat(8_191)}…`);
  expect(cutMessage(`${"x".repeat(8_190)}😀yz`)).toBe(`${"x".repeat(8_190)}\ufffd…`);
});
