import { describe, expect, it } from "vitest";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../codec/otlp/scan/scan-result.ts";
import type { AnyValue, Attributes } from "../../model/any-value.ts";
import { attributeHash } from "../../model/attribute-hash.ts";
import type { Span } from "../../model/span.ts";
import type { Literal, SpanField, SpanFilter } from "../../model/trace-query.ts";
import { BlockView } from "../spans/block-view.ts";
import { compileFilter } from "./filter.ts";

const SPAN: Span = {
  traceId: "1".repeat(32),
  spanId: "2".repeat(16),
  parentSpanId: "",
  traceState: "",
  flags: 0,
  name: "GET /",
  kind: 2,
  startTimeUnixNano: 100n,
  endTimeUnixNano: 350n,
  attributes: [],
  droppedAttributesCount: 0,
  events: [],
  droppedEventsCount: 0,
  links: [],
  droppedLinksCount: 0,
  status: { code: 2, message: "boom" },
};

interface Given {
  readonly span?: Attributes;
  readonly resource?: Attributes;
  readonly event?: Attributes;
  readonly more?: Partial<Span>;
}

/** Whether a block of one span matches: by its bloom (exactly the scanner's hashes), and by its rows. */
function search(filter: SpanFilter, { span = [], resource = [], event = [], more = {} }: Given = {}) {
  const events =
    event.length === 0 ? [] : [{ timeUnixNano: 1n, name: "e", attributes: event, droppedAttributesCount: 0 }];
  const body = encodeTraces([
    {
      resource: { attributes: resource, droppedAttributesCount: 0, entityRefs: [] },
      schemaUrl: "",
      scopeSpans: [
        {
          scope: { name: "lib", version: "2", attributes: [], droppedAttributesCount: 0 },
          schemaUrl: "",
          spans: [{ ...SPAN, attributes: span, events, ...more }],
        },
      ],
    },
  ]);
  const scan = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
  const hashes = new Set([...scan.hashes, ...scan.groupHashes]);
  const compiled = compileFilter(filter);
  const test = compiled.bind(new BlockView(scan.columns, () => body));
  const block = compiled.mayMatch((hash) => hashes.has(hash));
  const row = typeof test === "function" ? test(0) : test;
  // What is required is there wherever there is a match, and missing only where nothing can match.
  if (row) for (const hash of compiled.required) expect(hashes).toContain(hash);
  if (compiled.required.some((hash) => !hashes.has(hash))) expect(block).toBe(false);
  return { block, row };
}

const FOUND = { block: true, row: true };
const attribute = (
  scope: "any" | "span" | "resource" | "event" | "link" | "instrumentation",
  key = "k",
): SpanField => ({
  scope,
  key,
});
const equals = (field: SpanField, value: Literal): SpanFilter => ({ op: "compare", field, is: "=", value });
const kv = (value: AnyValue, key = "k"): Attributes => [{ key, value }];

describe("equality and the bloom", () => {
  const values: [AnyValue, Literal[]][] = [
    [
      { type: "string", value: "ünï" },
      [
        { type: "string", value: "ünï" },
        { type: "text", value: "ünï" },
      ],
    ],
    [
      { type: "bool", value: true },
      [
        { type: "bool", value: true },
        { type: "text", value: "true" },
      ],
    ],
    [
      { type: "int", value: 200n },
      [
        { type: "int", value: 200n },
        { type: "double", value: 200 },
        { type: "text", value: "200" },
      ],
    ],
    [
      { type: "double", value: 200 },
      [
        { type: "int", value: 200n },
        { type: "double", value: 200 },
      ],
    ],
    [
      { type: "double", value: 2 ** 60 },
      [
        { type: "int", value: 2n ** 60n },
        { type: "double", value: 2 ** 60 },
      ],
    ],
    [
      { type: "int", value: 2n ** 60n },
      [
        { type: "double", value: 2 ** 60 },
        { type: "int", value: 2n ** 60n },
      ],
    ],
    [
      { type: "double", value: -0 },
      [
        { type: "int", value: 0n },
        { type: "double", value: 0 },
      ],
    ],
    [
      { type: "int", value: -(2n ** 63n) },
      [
        { type: "int", value: -(2n ** 63n) },
        { type: "double", value: -(2 ** 63) },
      ],
    ],
    [
      { type: "double", value: 1e300 },
      [
        { type: "double", value: 1e300 },
        { type: "text", value: "1e+300" },
      ],
    ],
    [{ type: "bytes", value: Uint8Array.of(1, 2, 3) }, [{ type: "text", value: "AQID" }]],
    [{ type: "empty" }, [{ type: "text", value: "" }]],
    [{ type: "array", value: [{ type: "string", value: "x" }] }, [{ type: "text", value: '["x"]' }]],
  ];
  for (const [value, literals] of values) {
    for (const literal of literals) {
      it(`finds ${value.type} ${String("value" in value ? value.value : "")} by ${literal.type} ${literal.value}`, () => {
        expect(search(equals(attribute("span"), literal), { span: kv(value) })).toEqual(FOUND);
        expect(search(equals(attribute("any"), literal), { event: kv(value) })).toEqual(FOUND);
        expect(search(equals(attribute("resource"), literal), { resource: kv(value) })).toEqual(FOUND);
        expect(search(equals(attribute("span"), literal), { span: [] })).toEqual({ block: false, row: false });
      });
    }
  }

  it("requires of a block what every part of an AND asks for, and nothing where there is a choice", () => {
    const one = equals(attribute("span"), { type: "text", value: "x" });
    const other = equals(attribute("resource", "r"), { type: "string", value: "y" });
    const number = equals(attribute("span"), { type: "int", value: 2n ** 60n });
    const hashes = [attributeHash("k", "x"), attributeHash("r", "y")];
    expect(compileFilter({ op: "and", of: [one, { op: "and", of: [other, number] }] }).required).toEqual(hashes);
    expect(compileFilter({ op: "or", of: [one, other] }).required).toEqual([]);
    expect(compileFilter({ op: "not", of: one }).required).toEqual([]);
    expect(compileFilter({ op: "all" }).required).toEqual([]);
  });

  it("leaves blocks out only where every part of an AND, or all of an OR, are certain", () => {
    const here = equals(attribute("span"), { type: "text", value: "x" });
    const absent = equals(attribute("span"), { type: "text", value: "y" });
    const given = { span: kv({ type: "string", value: "x" }) };
    expect(search({ op: "and", of: [here, absent] }, given).block).toBe(false);
    expect(search({ op: "or", of: [here, absent] }, given)).toEqual(FOUND);
    expect(search({ op: "or", of: [absent, absent] }, given).block).toBe(false);
    expect(search({ op: "not", of: absent }, given)).toEqual(FOUND);
    expect(search({ op: "and", of: [] }, given)).toEqual(FOUND);
    expect(search({ op: "or", of: [] }, given)).toEqual({ block: false, row: false });
  });

  it("does not ask the bloom for links, the scope's own name, or the default service", () => {
    const text = (value: string): Literal => ({ type: "text", value });
    const link = {
      traceId: "3".repeat(32),
      spanId: "4".repeat(16),
      traceState: "",
      flags: 0,
      attributes: kv({ type: "string", value: "x" }),
      droppedAttributesCount: 0,
    };
    expect(search(equals(attribute("link"), text("x")), { more: { links: [link] } })).toEqual(FOUND);
    expect(search(equals(attribute("instrumentation", "otel.scope.name"), text("lib")))).toEqual(FOUND);
    expect(search(equals(attribute("any", "otel.scope.version"), text("2")))).toEqual(FOUND);
    expect(search(equals({ intrinsic: "service" }, text("unknown_service")))).toEqual(FOUND);
    const named = { resource: kv({ type: "string", value: "cart" }, "service.name") };
    expect(search(equals({ intrinsic: "service" }, text("cart")), named)).toEqual(FOUND);
    expect(search(equals({ intrinsic: "service" }, text("shop")), named)).toEqual({ block: false, row: false });
  });
});

describe("meaning", () => {
  it("makes no comparison hold for an absent attribute, and `not` of one true", () => {
    for (const is of ["=", "!=", ">", "<=", "!~"] as const) {
      const compare: SpanFilter = { op: "compare", field: attribute("any"), is, value: { type: "text", value: "x" } };
      expect(search(compare).row).toBe(false);
      expect(search({ op: "not", of: compare }).row).toBe(true);
    }
  });

  it("never compares values of different types", () => {
    const five = { span: kv({ type: "string", value: "5" }) };
    for (const is of ["=", "!=", ">", "<"] as const) {
      for (const value of [
        { type: "int", value: 5n },
        { type: "bool", value: true },
      ] as const) {
        expect(search({ op: "compare", field: attribute("span"), is, value }, five).row).toBe(false);
      }
    }
  });

  it("takes the first value of a key that stands twice", () => {
    const twice = { span: [...kv({ type: "string", value: "x" }), ...kv({ type: "string", value: "y" })] };
    expect(search(equals(attribute("span"), { type: "text", value: "x" }), twice).row).toBe(true);
    expect(search(equals(attribute("span"), { type: "text", value: "y" }), twice).row).toBe(false);
  });

  it("looks only into the scope that was asked for", () => {
    const x: Literal = { type: "text", value: "x" };
    const given = { event: kv({ type: "string", value: "x" }) };
    expect(search(equals(attribute("event"), x), given).row).toBe(true);
    expect(search(equals(attribute("any"), x), given).row).toBe(true);
    for (const scope of ["span", "resource", "link", "instrumentation"] as const) {
      expect(search(equals(attribute(scope), x), given).row).toBe(false);
    }
  });

  it("decides what a block's columns and dictionaries decide without its bytes", () => {
    const body = encodeTraces([
      {
        resource: { attributes: [], droppedAttributesCount: 0, entityRefs: [] },
        schemaUrl: "",
        scopeSpans: [
          {
            scope: { name: "", version: "", attributes: [], droppedAttributesCount: 0 },
            schemaUrl: "",
            spans: [SPAN],
          },
        ],
      },
    ]);
    const { columns } = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
    const view = new BlockView(columns, () => {
      throw new Error("the body was asked for");
    });
    const costly = equals(attribute("any"), { type: "text", value: "x" });
    const cheap = (is: "=" | "!="): SpanFilter => ({
      op: "compare",
      field: { intrinsic: "name" },
      is,
      value: { type: "text", value: "GET /" },
    });
    expect(compileFilter({ op: "and", of: [costly, cheap("!=")] }).bind(view)).toBe(false);
    expect(compileFilter({ op: "or", of: [costly, cheap("=")] }).bind(view)).toBe(true);
    const status = equals({ intrinsic: "status" }, { type: "status", value: 1 });
    const test = compileFilter({ op: "and", of: [costly, status] }).bind(view);
    expect(typeof test === "function" && test(0)).toBe(false);
  });

  it("refuses filters nested without end", () => {
    let filter: SpanFilter = { op: "all" };
    for (let i = 0; i < 100; i++) filter = { op: "not", of: filter };
    expect(() => compileFilter(filter)).toThrow(/nested deeper than 64/);
  });
});

describe("some", () => {
  const events = ["a", "b"].map((name) => ({
    timeUnixNano: 1n,
    name,
    attributes: [{ key: "k", value: { type: "string", value: name } as const }],
    droppedAttributesCount: 0,
  }));
  const named = (value: string): SpanFilter => ({
    op: "compare",
    field: { intrinsic: "eventName" },
    is: "=",
    value: { type: "text", value },
  });
  const event = (...of: readonly SpanFilter[]): SpanFilter => ({
    op: "some",
    level: "event",
    where: { op: "and", of: [...of] },
  });
  const holds = (filter: SpanFilter) => search(filter, { more: { events } }).row;

  it("is about one event, and so is one within it", () => {
    expect(holds(event(named("a"), event(named("a"))))).toBe(true);
    expect(holds(event(named("a"), event(named("b"))))).toBe(false);
    expect(holds(event(named("a"), { op: "not", of: event(named("b")) }))).toBe(true);
  });

  it("leaves `any` what it is: all events", () => {
    const any = { op: "compare", field: { scope: "any", key: "k" }, is: "=" } as const;
    expect(holds(event(named("a"), { ...any, value: { type: "string", value: "b" } }))).toBe(true);
    const own = { ...any, field: { scope: "event", key: "k" } } as const;
    expect(holds(event(named("a"), { ...own, value: { type: "string", value: "b" } }))).toBe(false);
  });
});
