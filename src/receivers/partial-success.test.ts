import { expect, it } from "vitest";
import { partialSuccessOf } from "./partial-success.ts";

it("is unset on full success, and set for refused spans or a warning", () => {
  expect(partialSuccessOf({ accepted: 5, rejected: 0, message: "" })).toBeUndefined();
  expect(partialSuccessOf({ accepted: 5, rejected: 1, message: "m" })).toEqual({ rejectedSpans: 1, errorMessage: "m" });
  expect(partialSuccessOf({ accepted: 5, rejected: 0, message: "w" })).toEqual({ rejectedSpans: 0, errorMessage: "w" });
});
