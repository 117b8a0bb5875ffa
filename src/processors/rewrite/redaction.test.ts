import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { serviceWith, spanWith, textAttribute } from "../../../test/support/otlp-spans.ts";
import { Metrics } from "../../component/metrics.ts";
import type { AnyValue, KeyValue } from "../../model/any-value.ts";
import type { TracesData } from "../../model/span.ts";
import { Redaction } from "./redaction.ts";
import { redactionConfig } from "./redaction-config.ts";

const SALT = "a salt that is long enough";

function create(...rules: object[]) {
  const metrics = new Metrics();
  const redaction = new Redaction(redactionConfig.parse({ salt: SALT, max_text_chars: 512, rules }), metrics);
  return { redaction, count: () => metrics.snapshot().reduce((sum, { value }) => sum + value, 0) };
}

const data = (...attributes: KeyValue[]): TracesData => [serviceWith("shop", [spanWith({ attributes })])];
const attributesOf = (traces: TracesData) => traces[0]?.scopeSpans[0]?.spans[0]?.attributes;
const hash = (text: string): string => `sha256:${createHmac("sha256", SALT).update(text).digest("hex")}`;
const text = (value: string): AnyValue => ({ type: "string", value });

const EVERY_TYPE: readonly [AnyValue, string][] = [
  [text("ann@example.org"), "ann@example.org"],
  [{ type: "bool", value: true }, "true"],
  [{ type: "int", value: 2n ** 63n - 1n }, "9223372036854775807"],
  [{ type: "double", value: 0.5 }, "0.5"],
  [{ type: "bytes", value: Uint8Array.of(1, 2, 255) }, "AQL/"],
  [{ type: "array", value: [text("a"), { type: "int", value: 1n }] }, '["a",1]'],
  [{ type: "kvlist", value: [{ key: "a", value: text("b") }] }, '{"a":"b"}'],
  [{ type: "empty" }, ""],
];

describe("by key", () => {
  it.each(EVERY_TYPE)("masks, hashes and drops %o", (value, plain) => {
    const traces = data({ key: "User.Email", value }, textAttribute("other", "stays"));
    const rest = textAttribute("other", "stays");
    const run = (action: string) =>
      attributesOf(create({ keys: ["*.email"], action, scopes: ["span"] }).redaction.apply(traces));
    expect(run("mask")).toEqual([textAttribute("User.Email", "****"), rest]);
    expect(run("hash")).toEqual([textAttribute("User.Email", hash(plain)), rest]);
    expect(run("drop")).toEqual([rest]);
  });

  it("finds keys inside lists and under their other names", () => {
    const headers: AnyValue = {
      type: "array",
      value: [{ type: "kvlist", value: [textAttribute("authorization", "secret"), textAttribute("accept", "x")] }],
    };
    const { redaction, count } = create({ keys: ["authorization", "url.full"], action: "mask" });
    const found = attributesOf(
      redaction.apply(data({ key: "headers", value: headers }, textAttribute("http.url", "http://u:p@h"))),
    );
    expect(JSON.stringify(found)).not.toMatch(/secret|u:p/);
    expect(JSON.stringify(found)).toContain('"accept"');
    expect(count()).toBe(2);
  });

  it("looks at the scopes it is told, and at all by default", () => {
    const secret = [textAttribute("secret", "x")];
    const span = spanWith({
      attributes: secret,
      events: [{ timeUnixNano: 1n, name: "e", attributes: secret, droppedAttributesCount: 0 }],
      links: [
        {
          traceId: "01".repeat(16),
          spanId: "01".repeat(8),
          traceState: "",
          attributes: secret,
          droppedAttributesCount: 0,
          flags: 0,
        },
      ],
    });
    const traces: TracesData = [
      {
        resource: { attributes: secret, droppedAttributesCount: 0, entityRefs: [] },
        schemaUrl: "",
        scopeSpans: [
          {
            scope: { name: "s", version: "", attributes: secret, droppedAttributesCount: 0 },
            schemaUrl: "",
            spans: [span],
          },
        ],
      },
    ];
    const left = (scopes?: string[]): number => {
      const done = create({ keys: ["secret"], action: "drop", ...(scopes && { scopes }) }).redaction.apply(traces);
      return (
        JSON.stringify(done, (_, value) => (typeof value === "bigint" ? String(value) : value)).split('"secret"')
          .length - 1
      );
    };
    expect(left()).toBe(0);
    for (const scope of ["span", "resource", "event", "link", "instrumentation"]) expect(left([scope]), scope).toBe(4);
  });
});

describe("by value", () => {
  const EMAIL = "[\\w.+-]+@[\\w-]+\\.[\\w.-]+";

  it("replaces what matches, in strings, lists and numbers", () => {
    const nested: AnyValue = {
      type: "array",
      value: [text("to bob@b.org"), { type: "kvlist", value: [textAttribute("k", "c@c.org")] }],
    };
    const { redaction } = create({ value_pattern: EMAIL, action: "mask", replacement: "<$&>" });
    expect(
      attributesOf(redaction.apply(data(textAttribute("m", "a@a.org, b@b.org!"), { key: "n", value: nested }))),
    ).toEqual([
      textAttribute("m", "<$&>, <$&>!"),
      {
        key: "n",
        value: { type: "array", value: [text("to <$&>"), { type: "kvlist", value: [textAttribute("k", "<$&>")] }] },
      },
    ]);
    const card = create({ value_pattern: "\\b\\d{16}\\b", action: "mask" }).redaction;
    expect(attributesOf(card.apply(data({ key: "card", value: { type: "int", value: 4111111111111111n } })))).toEqual([
      textAttribute("card", "****"),
    ]);
  });

  it("drops the attribute, the list item or the field that matches", () => {
    const list: AnyValue = { type: "array", value: [text("a@a.org"), text("fine")] };
    const { redaction } = create({
      value_pattern: EMAIL,
      action: "drop",
      fields: ["span_name", "status_message", "event_name"],
    });
    const span = spanWith({
      name: "mail a@a.org",
      status: { code: 2, message: "no a@a.org" },
      attributes: [textAttribute("x", "a@a.org"), { key: "list", value: list }],
      events: [{ timeUnixNano: 1n, name: "b@b.org", attributes: [], droppedAttributesCount: 0 }],
    });
    expect(redaction.apply([serviceWith("shop", [span])])[0]?.scopeSpans[0]?.spans[0]).toMatchObject({
      name: "",
      status: { code: 2, message: "" },
      attributes: [{ key: "list", value: { type: "array", value: [text("fine")] } }],
      events: [{ name: "" }],
    });
  });

  it("keeps to keys where both are given", () => {
    const { redaction } = create({ keys: ["mail"], value_pattern: EMAIL, action: "mask" });
    expect(
      attributesOf(redaction.apply(data(textAttribute("mail", "a@a.org"), textAttribute("cc", "a@a.org")))),
    ).toEqual([textAttribute("mail", "****"), textAttribute("cc", "a@a.org")]);
  });

  it("stores nothing of a text that it did not look through", () => {
    const { redaction } = create({ value_pattern: EMAIL, action: "mask" });
    const [long] = attributesOf(redaction.apply(data(textAttribute("m", `${"x".repeat(503)}🙂🙂🙂🙂 a@a.org`)))) ?? [];
    expect(long?.value).toEqual(text(`${"x".repeat(503)}🙂🙂****`));
  });
});

describe("a batch that keeps patterns busy", () => {
  it.each([
    ["mask", text("****")],
    ["hash", text(hash("y".repeat(300)))],
    ["drop", undefined],
  ])("has its longer texts redacted unseen, to be safe: %s", (action, expected) => {
    let clock = 0;
    const config = redactionConfig.parse({ salt: SALT, rules: [{ value_pattern: "secret", action }] });
    const redaction = new Redaction(config, new Metrics(), () => {
      clock += 600;
      return clock;
    });
    const long = (letter: string) => textAttribute(letter, letter.repeat(300));
    const traces = data(long("a"), long("b"), long("y"), textAttribute("short", "z"));
    const result = attributesOf(redaction.apply(traces));
    expect(result?.slice(0, 2)).toEqual([long("a"), long("b")]);
    expect(result?.find(({ key }) => key === "y")?.value).toEqual(expected);
    expect(result?.at(-1)).toEqual(textAttribute("short", "z"));
    expect(attributesOf(redaction.apply(data(long("y"))))).toEqual([long("y")]);
  });
});

describe("redacting twice", () => {
  it.each([
    [{ keys: ["m"], action: "hash" }],
    [{ keys: ["m"], action: "mask" }],
    [{ value_pattern: "[0-9a-f]+", action: "hash" }],
    [{ value_pattern: "\\d", action: "mask" }],
    [{ value_pattern: "zzz", action: "mask" }],
  ])("changes nothing more: %j", (rule) => {
    const { redaction } = create(rule);
    const once = redaction.apply(data(textAttribute("m", `card 4111 of abc ${"long 1 ".repeat(200)}`)));
    expect(redaction.apply(once)).toBe(once);
  });

  it("data without a match is the same object", () => {
    const traces = data(textAttribute("a", "b"));
    expect(create({ keys: ["secret"], action: "drop" }).redaction.apply(traces)).toBe(traces);
  });
});

describe("config", () => {
  const messageOf = (config: object) =>
    redactionConfig
      .safeParse(config)
      .error?.issues.map(({ message }) => message)
      .join("; ");

  it.each([
    [{ rules: [{ action: "mask" }] }, "keys, value_pattern or both; found neither"],
    [{ rules: [{ keys: ["a"], action: "hash" }] }, "needs a salt"],
    [{ rules: [{ keys: ["a"], action: "drop", replacement: "x" }] }, "replacement belongs to action mask"],
    [{ rules: [{ keys: ["a"], action: "drop", fields: ["span_name"] }] }, "fields are searched by value_pattern"],
    [{ rules: [{ value_pattern: "(a+)+b", action: "mask" }] }, "can take for ever"],
    [{ rules: [{ value_pattern: "\\*", action: "mask" }] }, ""],
    [{ rules: [{ value_pattern: "\\*+", action: "mask", replacement: "*x*" }] }, "matches its own replacement"],
    [{ rules: [{ key: ["a"], action: "mask" }] }, "key"],
  ])("%j", (config, why) => {
    expect(messageOf(config)).toContain(why);
  });
});
