import { describe, expect, it } from "vitest";
import { readSearchParams, searchRequest, timeRange } from "./search-params.ts";

describe("search address", () => {
  it("takes Jaeger UI's links", () => {
    const params = readSearchParams({
      service: "orders",
      operation: "all",
      tag: ["error:true", "http.url:http://a/b"],
      limit: "20",
      lookback: "1h",
      start: "1700000000000000",
      end: "1700003600000000",
      minDuration: "",
      uiEmbed: "v0",
    });
    expect(params).toEqual({
      service: "orders",
      tags: '{"error":"true","http.url":"http://a/b"}',
      limit: "20",
      lookback: "1h",
      start: "1700000000000000",
      end: "1700003600000000",
    });
    expect(timeRange(params, 0)).toEqual({ start: "1700000000000000", end: "1700003600000000" });
  });

  it("joins tag and tags, and leaves broken JSON for the form to complain about", () => {
    expect(readSearchParams({ tag: "a:1", tags: '{"b":"2"}' }).tags).toBe('{"a":"1","b":"2"}');
    expect(readSearchParams({ tag: "a:1", tags: "{b" }).tags).toBe("{b");
  });

  it("counts a look-back from now", () => {
    const now = 1_700_000_000_000;
    expect(timeRange({}, now)).toEqual({ start: String((now - 3_600_000) * 1000) });
    expect(timeRange({ lookback: "2d" }, now)).toEqual({ start: String((now - 172_800_000) * 1000) });
    expect(timeRange({ lookback: "all" }, now)).toEqual({});
    expect(timeRange({ lookback: "soon" }, now)).toEqual(timeRange({}, now));
  });

  it("asks the server for no more than it allows", () => {
    expect(searchRequest({ service: "a", limit: "999999" }, { start: "5" }, "x")).toEqual({
      service: "a",
      start: "5",
      limit: "1500",
      after: "x",
    });
    expect(searchRequest({ limit: "many" }, {}, undefined)).toEqual({ limit: "20" });
  });

  it("asks in TraceQL for what Jaeger's parameters cannot say", () => {
    const params = readSearchParams({ service: "shop", tags: "items>2", minTraceDuration: "1s" });
    expect(searchRequest(params, { start: "5" }, undefined)).toEqual({
      q: '{ resource.service.name = "shop" && .items > 2 }',
      minTraceDuration: "1s",
      start: "5",
      limit: "20",
    });
  });
});
