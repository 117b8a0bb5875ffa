import { describe, expect, it } from "vitest";
import { completionPlace } from "./completion-place.ts";

/** The cursor is the `▮`. */
function at(marked: string) {
  const cursor = marked.indexOf("▮");
  const text = marked.replace("▮", "");
  const place = completionPlace(text, cursor);
  if (place === undefined) return undefined;
  const { kind, from, to, typed, field, bare } = place;
  return { kind, part: text.slice(from, to), typed, ...(field && { field }), ...(bare && { bare }) };
}

describe("completionPlace", () => {
  it.each([
    ["▮", { kind: "start", part: "", typed: "" }],
    ["http.▮", { kind: "field", part: "http.", typed: "http.", bare: true }],
    ["{ ▮", { kind: "field", part: "", typed: "" }],
    ["{ .http.st▮", { kind: "field", part: ".http.st", typed: ".http.st" }],
    ["{ .http▮.status = 5 }", { kind: "field", part: ".http.status", typed: ".http" }],
    ["{ .a = 1 && res▮", { kind: "field", part: "res", typed: "res" }],
    ["{ !(▮", { kind: "field", part: "", typed: "" }],
    ['{ resource."a b▮', { kind: "field", part: 'resource."a b', typed: 'resource."a b' }],
    ["{ .a ▮", { kind: "operator", part: "", typed: "", field: ".a" }],
    ['{ ."a b" ▮', { kind: "operator", part: "", typed: "", field: '."a b"' }],
    ["{ parent.span.a ▮", { kind: "operator", part: "", typed: "", field: "parent.span.a" }],
    ["{ .customer.id = ▮", { kind: "value", part: "", typed: "", field: ".customer.id" }],
    ["{ .customer.id=▮", { kind: "value", part: "", typed: "", field: ".customer.id" }],
    ["{ status = er▮", { kind: "value", part: "er", typed: "er", field: "status" }],
    ['{ .a = "fro▮', { kind: "value", part: '"fro', typed: "fro", field: ".a" }],
    ['{ .a = "fro▮nt" && .b = 1 }', { kind: "value", part: '"front"', typed: "fro", field: ".a" }],
    ['{ .a = "x\\"y▮', { kind: "value", part: '"x\\"y', typed: 'x\\"y', field: ".a" }],
    ["{ .a =~ `b▮", { kind: "value", part: "`b", typed: "b", field: ".a" }],
    ["{ event:name != ▮", { kind: "value", part: "", typed: "", field: "event:name" }],
    ["{ .a = 5 ▮", { kind: "join", part: "", typed: "" }],
    ["{ status = error ▮", { kind: "join", part: "", typed: "" }],
    ['{ .a = "x" ▮', { kind: "join", part: "", typed: "" }],
    ["{ .a } | ▮", { kind: "stage", part: "", typed: "" }],
    ["{ .a } | cou▮", { kind: "stage", part: "cou", typed: "cou" }],
    ["{ .a } | select(▮", { kind: "field", part: "", typed: "" }],
    ["{ .a } | select(.b, span.▮", { kind: "field", part: "span.", typed: "span." }],
    ["{ .a } | avg(▮", { kind: "field", part: "", typed: "" }],
  ])("%s", (text, place) => {
    expect(at(text)).toEqual(place);
  });

  it.each(["{ .a } ▮", "{ .a = 5 x▮", '"text▮', "{ .a } | count() > ▮"])("proposes nothing in %s", (text) => {
    expect(at(text)).toBeUndefined();
  });
});
