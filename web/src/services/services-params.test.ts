import { expect, it } from "vitest";
import { readServicesParams, sortOf, withFilter, withFlipped, withSort } from "./services-params.ts";

it("keeps sort, filter and what is open in the address, and leaves out what is as usual", () => {
  expect(sortOf({})).toEqual({ key: "rate", descending: true });
  const sorted = withSort({ lookback: "2d" }, { key: "p95", descending: false });
  expect(sorted).toEqual({ lookback: "2d", sort: "p95" });
  expect(sortOf(sorted)).toEqual({ key: "p95", descending: false });
  expect(withSort(sorted, { key: "rate", descending: true })).toEqual({ lookback: "2d" });
  expect(withFilter({}, "GET /")).toEqual({ filter: "GET /" });
  expect(withFilter({ filter: "a" }, "")).toEqual({});
  const open = withFlipped(withFlipped({}, "a"), "b, c");
  expect(open).toEqual({ toggled: ["a", "b, c"] });
  expect(withFlipped(open, "a")).toEqual({ toggled: ["b, c"] });
  expect(withFlipped({ toggled: ["a"] }, "a")).toEqual({});
});

it("drops what it does not know", () => {
  expect(readServicesParams({ sort: "size", toggled: "a", other: "x", filter: "" })).toEqual({ toggled: ["a"] });
});
