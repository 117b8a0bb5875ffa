import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTraceql } from "../../../../src/traceql/parse.ts";
import { planTraceql } from "../../../../src/traceql/plan.ts";
import { printTraceql } from "../../../../src/traceql/print.ts";
import { anyQuery } from "../../../../test/support/traceql/arbitrary-queries.ts";
import { formatTags, parseTags, type Tag } from "../../format/tags.ts";
import { durationField } from "./duration-field.ts";
import { type FormConditions, formTraceql } from "./form-traceql.ts";
import { editedForm, queryFormText, readQueryForm } from "./query-form.ts";

const text = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.constantFrom("500", "-1.50", "true", 'a "b" \\ c', "GET /", "{x}", "ünï 😀", "a\nb", "=", "all"),
);
const key = fc.oneof(
  fc.constantFrom("http.status_code", "customer.id", "a-b", "x/y:z", "5xx", "ünï", "span.kind", 'q\\u"'),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const number = fc.oneof(
  fc.integer().map(String),
  fc.integer({ min: -1e6, max: 1e6 }).map((n) => String(n + 0.5)),
);
const tag: fc.Arbitrary<Tag> = fc
  .oneof(
    fc.tuple(key, text, fc.constantFrom("=", "!=")),
    fc.tuple(key, fc.constantFrom("a.*b", "^x$", "5"), fc.constantFrom("=~", "!~")),
    fc.tuple(key, number, fc.constantFrom(">", ">=", "<", "<=")),
    fc.constant(["error", "true", "="]),
    fc.constant(["error", "false", "="]),
  )
  .map(([k, v, is]) => (is === "=" ? [k, v] : [k, v, is]) as Tag)
  // What the tags field can hold; and `error!=true` is what it says of `error=false`, too.
  .filter((one) => equal(parseTags(formatTags([one])).tags, [one]) && !(one[0] === "error" && one[2] === "!="));
const name = text.filter((value) => value.trim() === value && value !== "" && value !== "all");
const duration = fc.bigInt({ min: 0n, max: 10n ** 13n }).map(durationField);
const conditions: fc.Arbitrary<FormConditions> = fc.record(
  {
    service: name,
    operation: name,
    tags: fc.uniqueArray(tag, { selector: (one) => JSON.stringify(one), maxLength: 4 }),
    minDuration: duration,
    maxDuration: duration,
  },
  { requiredKeys: ["tags"] },
);

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What all of its spans satisfy, whatever the order in which it is said. */
function filterOf(query: string): readonly string[] {
  const { filter } = planTraceql(parseTraceql(query === "" ? "{ }" : query));
  const exact = (value: unknown) => JSON.stringify(value, (_key, one) => (typeof one === "bigint" ? `${one}n` : one));
  return (filter.op === "and" ? filter.of : [filter]).map(exact).sort();
}

describe("form and query", () => {
  it("are one state: what the form says reads back as the same form", () => {
    fc.assert(
      fc.property(conditions, (form) => {
        const query = formTraceql(form);
        const { tags, rest, tail, ...plain } = readQueryForm(parseTraceql(query))!;
        expect({ ...plain, tags: tags.map((one) => one.tag) }, query).toEqual(form);
        expect([rest, tail]).toEqual([[], ""]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("keep the meaning of any query that is shown in the form and sent as it is", () => {
    fc.assert(
      fc.property(anyQuery, (query) => {
        const form = readQueryForm(query);
        if (form === undefined) return;
        const shown = printTraceql(query);
        const { tags, rest, tail, ...plain } = form;
        const sent = queryFormText(editedForm({ ...plain, tags: tags.map((one) => one.tag) }, form));
        const again = readQueryForm(parseTraceql(sent === "" ? "{ }" : sent))!;
        expect(again, `${shown}\n${sent}`).toEqual(form);
        expect(filterOf(sent), `${shown}\n${sent}`).toEqual(filterOf(shown));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['{ .a = 5 && resource.service.name = "shop" }', { service: "shop", tags: ["a=5"], rest: [], tail: "" }],
    ['{ duration > 1s && name = "GET /" }', { operation: "GET /", tags: [], rest: ["duration > 1s"], tail: "" }],
    ["{ !(.k = 1) && .k > 2 } | count() > 3", { tags: ["k>2"], rest: ["!(.k = 1)"], tail: "| count() > 3" }],
    ["{ .a = 1 || .b = 2 }", { tags: [], rest: ["(.a = 1 || .b = 2)"], tail: "" }],
    ["{ } | select(.a)", { tags: [], rest: [], tail: "| select(.a)" }],
    ["{ duration >= 1200ms }", { minDuration: "1.2s", tags: [], rest: [], tail: "" }],
    ['{ .error = "true" && status = error }', { tags: ["error=true"], rest: ['.error = "true"'], tail: "" }],
  ])("shows %s", (query, { tags, ...shown }) => {
    const form = readQueryForm(parseTraceql(query))!;
    expect({ ...form, tags: undefined }).toEqual({ ...shown, tags: undefined });
    expect(form.tags.map((one) => formatTags([one.tag]))).toEqual(tags);
  });

  it("show nothing of what does not begin with one span", () => {
    for (const query of ["{ .a } >> { .b }", "count() > 2 || { }", "{ } | rate()", "{ } with (most_recent=true)"]) {
      let form: unknown;
      try {
        form = readQueryForm(parseTraceql(query));
      } catch {
        continue;
      }
      expect(form, query).toBeUndefined();
    }
  });

  it("keep how a tag was written, and write what is new", () => {
    const before = readQueryForm(parseTraceql('{ .a = 5 && .b = "x" && event.c = 1 }'))!;
    const after = editedForm({ service: "shop", tags: parseTags("a=5 n>1").tags! }, before);
    expect(queryFormText(after)).toBe('{ resource.service.name = "shop" && .a = 5 && .n > 1 && event.c = 1 }');
  });
});
