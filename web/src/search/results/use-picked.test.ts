import { expect, it } from "vitest";
import { withPicked } from "./use-picked.ts";

it("keeps the first of two, whatever is picked after it", () => {
  expect(withPicked([], "a")).toEqual(["a"]);
  expect(withPicked(["a"], "b")).toEqual(["a", "b"]);
  expect(withPicked(["a", "b"], "c")).toEqual(["a", "c"]);
  expect(withPicked(["a", "b"], "a")).toEqual(["b"]);
});
