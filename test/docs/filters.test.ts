import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { parseExpression } from "../../src/query/jaeger-v3/expression.ts";
import { toSpanFilter } from "../../src/query/jaeger-v3/filter.ts";

const PAGE = readFileSync(resolve(import.meta.dirname, "../../docs/read-apis.md"), "utf8");
const [, rest] = PAGE.split("### Structured filters\n");
const SECTION = (rest as string).split(/^##/m)[0] as string;
const BLOCKS = [...SECTION.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);
const GIVEN = [...SECTION.matchAll(/query\.filter=(\{.*\})'/g)].map(([, filter]) => filter as string);

it.each([...BLOCKS, ...GIVEN])("the structured filter %s of the page is one", (text) => {
  expect(toSpanFilter(parseExpression(text))).toHaveProperty("op");
});

it("the page has an example of each kind", () => {
  for (const operator of ["and", "in", "phrase", "fulltext"]) {
    expect(
      BLOCKS.some((block) => block.startsWith(`{"op": "${operator}"`)),
      operator,
    ).toBe(true);
  }
  expect(GIVEN).toHaveLength(1);
});
