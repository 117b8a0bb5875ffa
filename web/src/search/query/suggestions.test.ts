import { describe, expect, it } from "vitest";
import { parseTraceql } from "../../../../src/traceql/parse.ts";
import type { CompletionPlace } from "./completion-place.ts";
import { suggestions } from "./suggestions.ts";

const KEYS = {
  spans: 10,
  complete: true,
  keys: [
    { field: "resource.service.name", scope: "resource", key: "service.name", spans: 10 },
    { field: "span.http.route", scope: "span", key: "http.route", spans: 4 },
    { field: "span.http.method", scope: "span", key: "http.method", spans: 6 },
    { field: 'event."a b"', scope: "event", key: "a b", spans: 1 },
  ],
} as const;
const place = (kind: CompletionPlace["kind"], typed = "", more: Partial<CompletionPlace> = {}): CompletionPlace => {
  return { kind, typed, from: 0, to: typed.length, ...more };
};
const labels = (of: CompletionPlace, values?: Parameters<typeof suggestions>[2]) =>
  suggestions(of, KEYS, values).map(({ label }) => label);

describe("suggestions", () => {
  it("put what begins as was typed first, the most frequent of it before others", () => {
    expect(labels(place("field", "http"))).toEqual(["span.http.method", "span.http.route"]);
    expect(labels(place("field", ".http"))).toEqual([".http.method", ".http.route"]);
    expect(labels(place("field", "name"))[0]).toBe("name");
    expect(labels(place("field", "name"))).toContain("resource.service.name");
    expect(labels(place("field", "a b"))).toEqual(['event."a b"']);
    expect(labels(place("field", "zzz"))).toEqual([]);
  });

  it("open the brace that is missing", () => {
    expect(suggestions(place("field", "http.m", { bare: true }), KEYS, undefined)[0]?.insert).toBe(
      "{ span.http.method ",
    );
  });

  it("offer only operators that the field has", () => {
    expect(labels(place("operator", "", { field: "status" }))).toEqual(["=", "!="]);
    expect(labels(place("operator", "", { field: "duration" }))).not.toContain("=~");
    expect(labels(place("operator", "", { field: ".a" }))).toContain("=~");
  });

  it("offer stored values with their spans, then the words that a field can have", () => {
    const stored = { spans: 10, complete: true, values: [{ literal: "error", spans: 3 }] };
    expect(suggestions(place("value", "", { field: "status" }), KEYS, stored)).toEqual([
      { label: "error", insert: "error ", note: "", spans: 3 },
      { label: "unset", insert: "unset ", note: "" },
      { label: "ok", insert: "ok ", note: "" },
    ]);
    expect(labels(place("value", "ERR", { field: "kind" }), stored)).toEqual(["error"]);
    expect(labels(place("value", "1", { field: "duration" }))).toEqual(["10ms", "100ms", "1s", "10s"]);
  });

  it("offer whole queries that are queries", () => {
    for (const { insert } of suggestions(place("start"), KEYS, undefined)) {
      const text = insert === "{ " ? "{ }" : insert;
      expect(() => parseTraceql(text), text).not.toThrow();
    }
    for (const { insert } of suggestions(place("stage"), KEYS, undefined)) {
      const rest: Record<string, string> = { "select(": ".a)", "{ ": "}" };
      const text = `{ } | ${insert}${rest[insert] ?? (insert.endsWith("> ") ? "1" : "")}`;
      expect(() => parseTraceql(text), text).not.toThrow();
    }
  });
});
