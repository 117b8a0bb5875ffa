import { describe, expect, it } from "vitest";
import { parseTraceql } from "../../../../src/traceql/parse.ts";
import { parseTags } from "../../format/tags.ts";
import { formTraceql } from "./form-traceql.ts";

const of = (tags: string) => formTraceql({ tags: parseTags(tags).tags! });

describe("a form in TraceQL", () => {
  it.each([
    ["customer.id!=x", '{ (.customer.id != nil && !(.customer.id = "x")) }'],
    ["retry!=true", '{ (.retry != nil && !(.retry = "true" || .retry = true)) }'],
    ["http.status_code>=500 a=b", '{ .http.status_code >= 500 && (.a = "b") }'],
    ["items<2.5 items>-1", "{ .items < 2.5 && .items > -1 }"],
    ['url=~".*/cart/\\\\d+" host!~eu', '{ .url =~ ".*/cart/\\\\d+" && .host !~ "eu" }'],
    ["error=true a>1", "{ status = error && .a > 1 }"],
    ["error!=true a>1", "{ status != error && .a > 1 }"],
    ["error=false a>1", "{ status != error && .a > 1 }"],
    ["a>1 b=5", '{ .a > 1 && (.b = "5" || .b = 5) }'],
    ['x/y:z>1 b="two \\"words\\""', '{ ."x/y:z" > 1 && (.b = "two \\"words\\"") }'],
  ])("%s", (tags, query) => {
    expect(of(tags)).toBe(query);
    expect(() => parseTraceql(query)).not.toThrow();
  });

  it("holds the other fields, too", () => {
    const query = formTraceql({
      service: 'a"b',
      operation: "GET /",
      tags: [["n", "1", ">"]],
      minDuration: "1.5s",
      maxDuration: "2m",
    });
    expect(query).toBe(
      '{ resource.service.name = "a\\"b" && name = "GET /" && .n > 1 && duration >= 1.5s && duration <= 2m }',
    );
    expect(() => parseTraceql(query)).not.toThrow();
  });
});
