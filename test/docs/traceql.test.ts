import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { TraceqlError } from "../../src/traceql/error.ts";
import { parseTraceql } from "../../src/traceql/parse.ts";
import { serviceWith, spanWith, textAttribute } from "../support/otlp-spans.ts";
import { flatten } from "../support/search/naive-search.ts";
import { naiveMatches } from "../support/traceql/naive-traceql.ts";

const PAGE = readFileSync(resolve(import.meta.dirname, "../../docs/traceql.md"), "utf8");
const ERRORS = [...section("Errors").matchAll(/^\| `(.+?)` \| `(.+)` \|$/gm)].map(
  ([, query, error]) => [query, error] as [string, string],
);
const ABSENT = [...section("What is not there").matchAll(/^\| `(\{.+?)` \| (\w*) ?\| (\w*) ?\| (\w*) ?\|$/gm)].map(
  ([, query, ...found]) => [query as string, found.map((one) => one === "found")] as const,
);

function section(title: string): string {
  const [, text] = PAGE.split(new RegExp(`^#+ ${title}$`, "m"));
  return (text as string).split(/^#+ /m)[0] as string;
}

describe("docs/traceql.md", () => {
  const queries = [...PAGE.matchAll(/^```traceql\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
    (block as string).trim().split("\n\n"),
  );

  it("has queries", () => {
    expect(queries.length).toBeGreaterThan(15);
    expect(ERRORS.length).toBeGreaterThan(3);
    expect(ABSENT.length).toBe(5);
  });

  it.each(queries)("%s is a query", (query) => {
    expect(() => parseTraceql(query)).not.toThrow();
  });

  it.each(ERRORS)("%s is the error that it shows", (query, message) => {
    expect(() => parseTraceql(query)).toThrow(TraceqlError);
    expect(() => parseTraceql(query)).toThrow(expect.objectContaining({ message }));
  });

  it.each(ABSENT)("%s finds what it says", (query, found) => {
    const databases = [[textAttribute("db", "pg")], [textAttribute("db", "mysql")], []];
    const spans = databases.map((attributes, n) => spanWith({ spanId: `${n + 1}`.padStart(16, "0"), attributes }));
    const all = flatten([[serviceWith("shop", spans)]]);
    const matches = naiveMatches(all, parseTraceql(query));
    expect(all.map((span) => matches.includes(span))).toEqual(found);
  });
});
