import { expect, it } from "vitest";
import { shortTraceId } from "./trace-id.ts";

it("shows digits that tell an id from others, whether it has 128 bits or 64", () => {
  expect(shortTraceId("0af7651916cd43dd8448eb211c80319c")).toBe("0af76519");
  expect(shortTraceId("0000000000000000bb00eb211c80319c")).toBe("bb00eb21");
  // The first of its 64 bits may be zeros too.
  expect(shortTraceId("0000000000000000000000000000002a")).toBe("00000000");
});
