import type { KeyValue } from "../../../src/model/any-value.ts";
import type { Span, TracesData } from "../../../src/model/span.ts";
import { intAttribute, serviceWith, spanWith, textAttribute } from "../otlp-spans.ts";

/**
 * One trace, and what queries find in it. Spans by their names, each with its id and the ms from its start to its end:
 *
 *     web  home (1) server 100 ms
 *            cart (2) client 60 ms
 *     shop   └ list (3) server 50 ms, error
 *                query (4) client 20 ms
 *                query2 (5) client 10 ms, error
 *     web    pay (6) client 5 ms
 *     mail lost (7) internal 1 ms, whose parent is not there
 */
const BASE = 1_795_392_039_440_000_000n;
const MS = 1_000_000n;
const id = (n: number) => n.toString(16).padStart(16, "0");

function span(n: number, parent: number, name: string, startMs: bigint, ms: bigint, changes: Partial<Span> = {}): Span {
  const startTimeUnixNano = BASE + startMs * MS;
  return spanWith({
    traceId: "ab".repeat(16),
    spanId: id(n),
    parentSpanId: parent === 0 ? "" : id(parent),
    name,
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano + ms * MS,
    ...changes,
  });
}

const bool = (key: string, value: boolean): KeyValue => ({ key, value: { type: "bool", value } });
const double = (key: string, value: number): KeyValue => ({ key, value: { type: "double", value } });
const tags: KeyValue = {
  key: "tags",
  value: {
    type: "array",
    value: [
      { type: "string", value: "a" },
      { type: "string", value: "b" },
    ],
  },
};
const event = (ms: bigint, name: string, ...attributes: KeyValue[]) => ({
  timeUnixNano: BASE + ms * MS,
  name,
  attributes,
  droppedAttributesCount: 0,
});

export const MEANING_TRACE: TracesData = [
  serviceWith("web", [
    span(1, 0, "home", 0n, 100n, { kind: 2, attributes: [intAttribute("code", 200n), textAttribute("env", "span")] }),
    span(2, 1, "cart", 10n, 60n, { kind: 3, attributes: [textAttribute("url", "/cart"), intAttribute("size", 10n)] }),
    span(6, 1, "pay", 80n, 5n, { kind: 3, attributes: [bool("retry", true), double("ratio", 0.5)] }),
  ]),
  serviceWith("shop", [
    span(3, 2, "list", 15n, 50n, {
      kind: 2,
      status: { code: 2, message: "too slow" },
      attributes: [intAttribute("code", 500n), tags],
      events: [
        event(16n, "exception", textAttribute("message", "refused")),
        event(25n, "retry", textAttribute("message", "again")),
      ],
    }),
    span(4, 3, "query", 20n, 20n, {
      kind: 3,
      attributes: [textAttribute("db", "pg"), intAttribute("size", 3n), bool("retry", false)],
    }),
    span(5, 3, "query2", 40n, 10n, {
      kind: 3,
      status: { code: 2, message: "" },
      attributes: [textAttribute("db", "mysql"), intAttribute("size", 5n), textAttribute("code", "500")],
      links: [
        {
          traceId: "cd".repeat(16),
          spanId: id(9),
          traceState: "",
          attributes: [],
          droppedAttributesCount: 0,
          flags: 0,
        },
      ],
    }),
  ]),
  serviceWith("mail", [span(7, 8, "lost", 90n, 1n, { kind: 1 })]),
];

const ALL = "home cart pay list query query2 lost";

/** A query, and the names of the spans that it leaves; none where the trace does not match. */
export const MEANINGS: readonly (readonly [query: string, names: string])[] = [
  ["{ }", ALL],
  ["{ false }", ""],
  ['{ resource.service.name = "shop" }', "list query query2"],
  ['{ .service.name = "mail" }', "lost"],
  ['{ name =~ "query.*" }', "query query2"],
  ['{ name =~ "quer" }', ""],
  ['{ name !~ "query.*|h.*" }', "cart pay list lost"],
  ["{ status = error }", "list query2"],
  ["{ status != error && kind = client }", "cart pay query"],
  ['{ statusMessage = "too slow" }', "list"],
  ['{ statusMessage = "" && kind = internal }', "lost"],
  ["{ statusMessage = nil && kind = internal }", "lost"],
  ["{ duration > 20ms && duration <= 60ms }", "cart list"],
  // Types: a number compares with numbers and a text with texts.
  ["{ span.code = 500 }", "list"],
  ["{ span.code = 500.0 }", "list"],
  ['{ span.code = "500" }', "query2"],
  ['{ span.code >= "400" }', "query2"],
  ["{ span.ratio = 0.5 && span.ratio < 1 }", "pay"],
  // What is absent is neither equal nor unequal.
  ["{ span.size != 3 }", "cart query2"],
  ["{ span.size != 3 || span.size = nil }", "home cart pay list query2 lost"],
  ["{ !(span.size = 3) }", "home cart pay list query2 lost"],
  ['{ span.db !~ "p.*" }', "query2"],
  ["{ span.size = nil }", "home pay list lost"],
  ["{ span.size != nil }", "cart query query2"],
  // A list is there, and compares with nothing.
  ["{ span.tags != nil }", "list"],
  ['{ span.tags = "a" || span.tags != "a" }', ""],
  // An attribute alone is a condition.
  ["{ .retry }", "pay"],
  ["{ !.retry }", "home cart list query query2 lost"],
  ["{ span.retry = false }", "query"],
  // The span's own attribute comes before the resource's.
  ['{ .env = "span" }', "home"],
  ["{ span.size + 2 > 5 && span.size * 2 < 20 }", "query2"],
  ["{ span.size / 2 = 2 }", "query2"],
  ["{ span.size ^ 2 = 9 }", "query"],
  ["{ -span.size = -3 }", "query"],
  ["{ duration / 2 > 20ms }", "home cart list"],
  // Of some event.
  ['{ event:name = "retry" }', "list"],
  ['{ event:name != "retry" }', "list"],
  ['{ event.message =~ "ref.*" }', "list"],
  ["{ event:timeSinceStart >= 10ms }", "list"],
  ["{ event:name != nil }", "list"],
  ['{ link:traceID = "CDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCD" }', "query2"],
  ['{ link:spanID = "9" }', "query2"],
  ['{ span:id = "4" }', "query"],
  ['{ span:parentID = "3" }', "query query2"],
  ["{ span:parentID = nil }", "home"],
  ["{ nestedSetParent < 0 }", "home"],
  ["{ nestedSetParent = 0 }", "lost"],
  ["{ nestedSetLeft = 1 && nestedSetRight = 12 }", "home"],
  ["{ span:childCount = 2 }", "home list"],
  ["{ span:childCount = 0 }", "pay query query2 lost"],
  ['{ rootName = "home" && kind = internal }', "lost"],
  ['{ rootServiceName != "web" }', ""],
  ["{ traceDuration = 100ms && kind = internal }", "lost"],
  ['{ instrumentation:name = "test" && instrumentation:version = nil && kind = internal }', "lost"],
  ['{ parent.name = "list" }', "query query2"],
  ["{ parent.span.code = 500 && status = error }", "query2"],
  ['{ parent.resource.service.name != "shop" }', "cart pay list"],
  ["{ parent.name = nil }", "home lost"],
  // && and || bind alike, from the left.
  ["{ kind = internal || kind = client && status = error }", "query2"],
  ["{ kind = internal || (kind = client && status = error) }", "query2 lost"],
  ["{ kind = internal } && { status = error }", "list query2 lost"],
  ["{ kind = internal } && { kind = producer }", ""],
  ["{ kind = internal } || { kind = producer }", "lost"],
  ['{ name = "home" } > { kind = client }', "cart pay"],
  ['{ name = "home" } >> { kind = client }', "cart pay query query2"],
  ['{ name = "query" } < { }', "list"],
  ['{ name = "query" } << { }', "home cart list"],
  ['{ name = "query" } ~ { }', "query2"],
  ['{ name = "home" } !> { kind = client }', "query query2"],
  ['{ name = "cart" } !>> { kind = client }', "cart pay"],
  ["{ } !< { }", "pay query query2 lost"],
  ['{ name = "query" } !<< { kind = server }', ""],
  ['{ name = "query" } !~ { kind = client }', "cart pay query"],
  ['{ name = "none" } !>> { kind = internal }', "lost"],
  ["{ kind = server } &> { status = error }", "list query2"],
  ['{ name =~ "home|lost" } &>> { kind = client }', "home cart pay query query2"],
  ['{ name = "query" } &< { kind = server }', "list query"],
  ['{ name = "query2" } &<< { kind = server }', "home list query2"],
  ['{ name = "cart" } &~ { kind = client }', "cart pay"],
  ["{ status = error } >> { } >> { }", ""],
  ['{ name = "home" } >> { name = "cart" } > { }', "list"],
  ['{ name = "home" } > ({ name = "cart" } || { name = "list" })', "cart"],
  ["{ kind = client } | count() = 4", "cart pay query query2"],
  ["{ kind = client } | count() > 4", ""],
  ["count() = 7", ALL],
  ["{ kind = client } | max(duration) = 60ms", "cart pay query query2"],
  ["{ kind = client } | avg(span.size) = 6", "cart pay query query2"],
  ["{ } | sum(span.size) - 8 = count() + 3", ALL],
  ["{ } | min(span.absent) < 1", ""],
  ["{ kind = server } | by(resource.service.name) | count() = 1", "home list"],
  ["{ } | by(resource.service.name) | count() = 3", "home cart pay list query query2"],
  ["{ } | by(span.db) | count() = 1", "query query2"],
  ["{ } | by(resource.service.name) | count() = 3 | coalesce() | count() = 6", "home cart pay list query query2"],
  ["{ } | by(resource.service.name) | { status = error } | count() = 2", "list query2"],
  ["{ kind = client } | { } >> { }", "query query2"],
  ['{ kind = client } | { name = "cart" } >> { }', "query query2"],
  ["{ status = error } | select(name, span.url)", "list query2"],
  ['({ kind = client } | count() = 4) && { name = "home" }', "home cart pay query query2"],
  ['({ kind = client } | count() = 3) || { name = "home" }', "home"],
  ['{ name = "home" } > ({ kind = client } | min(duration) = 5ms)', "cart pay"],
];
