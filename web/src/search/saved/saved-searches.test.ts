import { describe, expect, it } from "vitest";
import { commandOf, curlOf, traceqlOf } from "./copies.ts";
import { type KeptSearches, withoutSaved, withRecent, withSaved } from "./saved-searches.ts";

const NONE: KeptSearches = { saved: [], recent: [] };

describe("kept searches", () => {
  it("have the last of each first, and not too many", () => {
    let kept = NONE;
    for (let i = 0; i < 30; i++) kept = withRecent(kept, `limit=${i % 20}`);
    expect(kept.recent.length).toBe(15);
    expect(kept.recent.slice(0, 2)).toEqual([{ address: "limit=9" }, { address: "limit=8" }]);
    expect(withRecent(kept, "limit=9").recent).toBe(kept.recent);
    expect(withRecent(kept, "").recent).toBe(kept.recent);
  });

  it("are saved once, under their last name, in their place", () => {
    const two = withSaved(withSaved(NONE, { address: "a", name: "one" }), { address: "b", name: "two" });
    const renamed = withSaved(two, { address: "a", name: "other", pinned: true });
    expect(renamed.saved).toEqual([
      { address: "a", name: "other", pinned: true },
      { address: "b", name: "two" },
    ]);
    expect(withoutSaved(renamed, "a").saved).toEqual([{ address: "b", name: "two" }]);
  });
});

describe("copies", () => {
  it("say the same search elsewhere", () => {
    const params = { service: "it's", lookback: "2d", sort: "errors", limit: "50", maxTraceDuration: "2s" } as const;
    expect(traceqlOf(params)).toBe('{ resource.service.name = "it\'s" && traceDuration <= 2s }');
    expect(commandOf(params, "http://localhost:16686/")).toBe(
      `spanloom search '{ resource.service.name = "it'\\''s" && traceDuration <= 2s }' --lookback 2d --sort errors --limit 50`,
    );
    expect(commandOf({ start: "1", end: "2" }, "https://x/y/")).toBe(
      "spanloom search '{ }' --start 1 --end 2 --url 'https://x/y/'",
    );
    expect(curlOf({ q: "{ .a }" }, "http://h/", 3_600_001)).toBe(
      "curl 'http://h/api/ui/search?q=%7B+.a+%7D&start=1000&limit=20'",
    );
  });
});
