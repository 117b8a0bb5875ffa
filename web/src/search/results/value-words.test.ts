import { describe, expect, it } from "vitest";
import { valueWords } from "./value-words.ts";

describe("a value in a row", () => {
  it.each([
    [{ type: "string", value: "a  b\nc" }, "a b c"],
    [{ type: "string", value: " " }, '" "'],
    [{ type: "string", value: "x".repeat(300) }, `${"x".repeat(200)}…`],
    [{ type: "int", value: "5" }, "5"],
    [{ type: "int", value: "9223372036854775807" }, '"9223372036854775807"'],
    [{ type: "double", value: "NaN" }, '"NaN"'],
    [{ type: "bool", value: true }, "true"],
    [{ type: "empty", value: null }, "null"],
    [
      {
        type: "array",
        value: [
          { type: "int", value: "1" },
          { type: "string", value: "x" },
        ],
      },
      '[1,"x"]',
    ],
    [{ type: "kvlist", value: [{ key: "k", type: "bool", value: false }] }, '{"k":false}'],
  ] as const)("%j is %s", (value, words) => {
    expect(valueWords(value)).toBe(words);
  });
});
