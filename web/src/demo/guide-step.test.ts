import { expect, it } from "vitest";
import { guideStep } from "./guide-step.ts";

it("knows how far somebody has come, by the address", () => {
  expect(guideStep("search", "")).toBe(1);
  expect(guideStep("search", "?service=cart&lookback=1h")).toBe(1);
  expect(guideStep("search", "?minTraceDuration=1000000us")).toBe(2);
  expect(guideStep("search", `?q=${encodeURIComponent("{ traceDuration > 1s }")}`)).toBe(2);
  expect(guideStep("search", `?tags=${encodeURIComponent('{"shop.sku":"desk-22"}')}&minTraceDuration=1s`)).toBe(3);
  expect(guideStep("trace/0af7651916cd43dd8448eb211c80319c", "")).toBe(3);
});
