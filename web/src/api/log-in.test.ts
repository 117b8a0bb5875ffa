import { expect, it } from "vitest";
import { loggedIn } from "./log-in.ts";

it("reads who has logged in from what pages may see", () => {
  expect(loggedIn("")).toBeUndefined();
  expect(loggedIn("other=1; spanloom-user=")).toBeUndefined();
  expect(loggedIn("spanloom-user=ada%40shop; other=1")).toBe("ada@shop");
});
