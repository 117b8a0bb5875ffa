import { describe, expect, it } from "vitest";
import { readMapParams, withOpen, withShown } from "./map-params.ts";

describe("the address of the map", () => {
  it("keeps what it knows, and lets the rest fall away", () => {
    const whole = {
      lookback: "7d",
      view: "table",
      from: "a",
      to: "b",
      find: "x",
      near: "c",
      all: "true",
      at: "1,2,0.5",
    };
    expect(readMapParams({ ...whole, other: "1", limit: "20" })).toEqual(whole);
    expect(readMapParams({ service: ["a", "b"], view: "graph", at: "far", all: "1", find: "" })).toEqual({});
  });

  it("opens a service or a call, and half a call is none", () => {
    expect(readMapParams({ service: "a", from: "b" })).toEqual({ service: "a" });
    expect(readMapParams({ service: "a", from: "b", to: "c" })).toEqual({ from: "b", to: "c" });
    expect(withOpen({ from: "b", to: "c", near: "b", at: "1,2,1" }, { service: "a" })).toEqual({
      service: "a",
      near: "b",
      at: "1,2,1",
    });
  });

  it("shows all of another picture", () => {
    const before = { lookback: "1h", service: "a", near: "b", at: "1,2,1" } as const;
    expect(withShown(before, { near: "a" })).toEqual({ lookback: "1h", service: "a", near: "a" });
    expect(withShown(before, { lookback: "7d" })).toEqual({ lookback: "7d", service: "a" });
  });
});
