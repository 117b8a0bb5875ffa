import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTags, parseTags, TAG_OPERATORS, type Tag, tagsToAddress, tagsToJson } from "./tags.ts";

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

  it("knows operators, and no key swallows one", () => {
    expect(parseTags('customer.id!=x n>=5 n < 10 url=~".*/a b" host!~eu.+ a="~x" b==').tags).toEqual([
      ["customer.id", "x", "!="],
      ["n", "5", ">="],
      ["n", "10", "<"],
      ["url", ".*/a b", "=~"],
      ["host", "eu.+", "!~"],
      ["a", "~x"],
      ["b", "="],
    ]);
  });

  it.each([
    ["n>many", "Expected a number after n>"],
    ["n<=", "Expected a number after n<="],
    ["url=~(", "Expected a regular expression after url=~"],
    ["a! =x", "Expected key=value near"],
  ])("says what is wrong with %j", (text, problem) => expect(parseTags(text).problem).toContain(problem));

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

  it("reads back operators and any key from an address", () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9._-]{0,8}$/);
    const operators = fc.constantFrom(...TAG_OPERATORS.filter((operator) => operator !== "="));
    const number = fc.integer().map(String);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, number, operators), { minLength: 1 }),
        fc.tuple(key, fc.string()),
        (some, plain) => {
          const tags: Tag[] = [...some, plain];
          expect(parseTags(tagsToAddress(tags)).tags).toEqual(tags);
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), (any, value) => {
        expect(parseTags(formatTags([[any, value]])).tags).toEqual([[any, value]]);
        expect(parseTags(tagsToAddress([[any, value]])).tags).toEqual([[any, value]]);
      }),
    );
  });
});
