import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTags, parseTags, tagsToJson } from "./tags.ts";

describe("tags", () => {
  it("reads pairs, quoted values and JSON", () => {
    expect(parseTags('error=true  http.url="/a b" msg="say \\"hi\\""')).toEqual({
      tags: [
        ["error", "true"],
        ["http.url", "/a b"],
        ["msg", 'say "hi"'],
      ],
    });
    expect(parseTags('{"error":true,"http.status_code":"500"}')).toEqual({
      tags: [
        ["error", "true"],
        ["http.status_code", "500"],
      ],
    });
    expect(parseTags(" ")).toEqual({ tags: [] });
  });

  it.each(["error", "error=true oops", 'a="open', "{nope", "[1]=", "=x"])("says what is wrong with %j", (text) => {
    const result = parseTags(text);
    if (text === "[1]=") expect(result.tags).toEqual([["[1]", ""]]);
    else expect(result.problem).toMatch(/Expected/);
  });

  it("reads back whatever it writes", () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9._-]{0,8}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.string())), (tags) => {
        expect(parseTags(formatTags(tags)).tags).toEqual(tags);
      }),
    );
    expect(tagsToJson([["a", "1"]])).toBe('{"a":"1"}');
  });
});
