import { describe, expect, it } from "vitest";
import { fieldProblems, fieldsOf, paramsOf } from "./search-fields.ts";
import type { SearchParams } from "./search-params.ts";

const through = (params: SearchParams) => paramsOf(fieldsOf(params), params);

describe("search form", () => {
  it("hands back the address it was filled from", () => {
    const params: SearchParams = {
      service: "orders",
      operation: "GET /a",
      tags: '{"error":"true","msg":"two words"}',
      minDuration: "1ms",
      lookback: "custom",
      start: "1700000000123456",
      end: "1700003600000001",
      limit: "50",
      sort: "longest",
    };
    expect(fieldsOf(params).tags).toBe('error=true msg="two words"');
    expect(through(params)).toEqual(params);
    expect(through({})).toEqual({});
    expect(through({ lookback: "2d" })).toEqual({ lookback: "2d" });
  });

  it("takes a fixed range of a link as custom, and lets go of it with the look-back", () => {
    const params: SearchParams = { lookback: "1h", start: "1700000000000000", end: "1700003600000000" };
    const fields = fieldsOf(params);
    expect(fields.lookback).toBe("custom");
    expect(paramsOf({ ...fields, lookback: "1h" }, params)).toEqual({});
    expect(paramsOf({ ...fields, end: "" }, params)).toEqual({ lookback: "custom", start: params.start });
  });

  it("trims what is typed and says what it cannot read", () => {
    const fields = { ...fieldsOf({}), service: " web ", minDuration: " 1.5 s ", tags: "a=1" };
    expect(fieldProblems(fields)).toEqual({});
    expect(paramsOf(fields, {})).toEqual({ service: "web", minDuration: "1.5s", tags: '{"a":"1"}' });
    const wrong = { ...fields, tags: "{", minDuration: "1", maxDuration: "soon" };
    expect(Object.keys(fieldProblems(wrong))).toEqual(["tags", "minDuration", "maxDuration"]);
  });

  it("says in the form's words which bound is beyond the other", () => {
    const custom = { lookback: "custom", start: "2026-03-05T12:30:00", end: "2026-03-05T12:00:00" };
    const wrong = { ...fieldsOf({}), ...custom, minDuration: "2s", maxDuration: "100 ms" };
    expect(fieldProblems(wrong)).toEqual({
      maxDuration: "Expected at least Min duration, 2s",
      end: "Expected a time after From",
    });
    expect(fieldProblems({ ...wrong, lookback: "1h", maxDuration: "2000ms" })).toEqual({});
  });
});
