import { describe, expect, it } from "vitest";
import { addressOf, draftOf, withFields, withText } from "./query-draft.ts";

describe("a search while it is written", () => {
  it("stays in plain parameters where they say it as exactly", () => {
    const draft = withText(draftOf({ lookback: "2d", sort: "longest" }), '{ name = "GET /" && duration >= 1200ms }');
    expect(addressOf(draft, { lookback: "2d", sort: "longest" })).toEqual({
      lookback: "2d",
      sort: "longest",
      operation: "GET /",
      minDuration: "1.2s",
    });
    expect(addressOf(withText(draft, " "), {})).toEqual({ lookback: "2d" });
  });

  it("becomes a query for what a tag of the form would find more of", () => {
    expect(addressOf(withText(draftOf({}), '{ .a = "x" }'), {})).toEqual({ q: '{ .a = "x" }' });
    // A tag of the form stays one.
    const form = withFields(draftOf({}), { ...draftOf({}).fields, tags: "a=x" });
    expect(form.text).toBe('{ (.a = "x") }');
    expect(addressOf(form, {})).toEqual({ tags: '{"a":"x"}' });
  });

  it("closes a brace that was left open, and is no search where something else is wrong", () => {
    expect(addressOf(withText(draftOf({}), "{ .a = 5 "), {})).toEqual({ q: "{ .a = 5 }" });
    expect(addressOf(withText(draftOf({}), "{ .a = "), {})).toBeUndefined();
    expect(withText(draftOf({}), "{ status = eror }").fault?.suggestion).toBe("error");
  });

  it("keeps what the form cannot show while other fields change", () => {
    const q = "{ .a } >> { .b }";
    const draft = withFields(draftOf({ q }), { ...draftOf({ q }).fields, limit: "50" });
    expect(addressOf(draft, { q })).toEqual({ q, limit: "50" });
  });

  it("shows a wrong tag as it was typed, and keeps the query", () => {
    const before = draftOf({ q: "{ .a = 5 }" });
    const wrong = withFields(before, { ...before.fields, tags: "no pair" });
    expect([wrong.fields.tags, wrong.text]).toEqual(["no pair", "{ .a = 5 }"]);
  });
});
