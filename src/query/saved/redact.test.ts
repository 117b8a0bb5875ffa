import { describe, expect, it } from "vitest";
import { resourceWith, scopeWith, spanWith, textAttribute } from "../../../test/support/otlp-spans.ts";
import type { AnyValue, KeyValue } from "../../model/any-value.ts";
import type { SpanRecord } from "../../model/span.ts";
import { REDACTED, Redactor } from "./redact.ts";
import { isSecretKey } from "./secret-keys.ts";

function recordOf(attributes: readonly KeyValue[], message = ""): SpanRecord {
  return {
    service: "shop",
    resource: resourceWith([textAttribute("deploy.token", "t")]),
    resourceSchemaUrl: "",
    scope: scopeWith("test"),
    scopeSchemaUrl: "",
    marks: 0,
    span: spanWith({
      attributes,
      status: { code: 2, message },
      events: [
        { timeUnixNano: 1n, name: "e", attributes: [textAttribute("password", "p")], droppedAttributesCount: 0 },
      ],
      links: [
        {
          traceId: "1".repeat(32),
          spanId: "2".repeat(16),
          traceState: "",
          flags: 0,
          attributes: [textAttribute("cookie", "c")],
          droppedAttributesCount: 0,
        },
      ],
    }),
  };
}

const redact = (text: string, keys: readonly string[] = [], defaults = true): string => {
  const { span } = new Redactor({ keys, defaults }).record(recordOf([textAttribute("text", text)]));
  return (span.attributes[0] as { readonly value: { readonly value: string } }).value.value;
};

describe("secret keys", () => {
  it.each([
    "authorization",
    "http.request.header.authorization",
    "http.request.header.set-cookie",
    "db.password",
    "DB_PASSWORD",
    "userPassword",
    "apiKey",
    "x-api-key",
    "api_key",
    "aws.secretAccessKey",
    "session_token",
    "id.jwt",
  ])("%s is one", (key) => {
    expect(isSecretKey(key)).toBe(true);
  });

  it.each([
    "gen_ai.usage.input_tokens",
    "gen_ai.token.type",
    "author",
    "http.route",
    "key",
    "messaging.message.key",
    "session.id",
    "tokenizer",
  ])("%s is none", (key) => {
    expect(isSecretKey(key)).toBe(false);
  });
});

describe("a redactor", () => {
  it("takes out values wherever attributes are, and counts them by key", () => {
    const nested: AnyValue = { type: "kvlist", value: [textAttribute("Secret", "s"), textAttribute("plain", "x")] };
    const redactor = new Redactor({ keys: [], defaults: true });
    const record = redactor.record(
      recordOf([textAttribute("authorization", "a"), { key: "body", value: { type: "array", value: [nested] } }]),
    );
    expect(JSON.stringify(record, (_, value) => (typeof value === "bigint" ? String(value) : value))).not.toMatch(
      /"value":"[actps]"/,
    );
    expect(redactor.redacted.map(({ key, values }) => [key, values])).toEqual([
      ["Secret", 1],
      ["authorization", 1],
      ["cookie", 1],
      ["deploy.token", 1],
      ["password", 1],
    ]);
  });

  it.each([
    ["https://a.example/x?token=abc&q=1#f", `https://a.example/x?token=${REDACTED}&q=1#f`],
    ["postgres://ann:pw@db:5432/shop", `postgres://${REDACTED}@db:5432/shop`],
    ['{"user":"ann","password":"a\\"b","n":1}', `{"user":"ann","password":"${REDACTED}","n":1}`],
    ['{"api_key": 12345}', `{"api_key": "${REDACTED}"}`],
    ["curl -H 'Authorization: Bearer abcdefgh.ijkl'", `curl -H 'Authorization: Bearer ${REDACTED}'`],
    ["GET /users?page=2", "GET /users?page=2"],
    ["mail to ann@example.org", "mail to ann@example.org"],
  ])("leaves of the text %s: %s", (text, left) => {
    expect(redact(text)).toBe(left);
  });

  it("takes further keys, whole or by their last part, and leaves the default ones where told", () => {
    const redactor = new Redactor({ keys: ["Email", "user.id"], defaults: false });
    const { span } = redactor.record(
      recordOf([
        textAttribute("user.email", "x"),
        textAttribute("user.id", "7"),
        textAttribute("emails", "y"),
        textAttribute("password", "p"),
      ]),
    );
    expect(span.attributes.map(({ value }) => (value as { readonly value: string }).value)).toEqual([
      REDACTED,
      REDACTED,
      "y",
      "p",
    ]);
  });

  it("reads a megabyte of what nearly looks like secrets in time that grows with it", () => {
    const text = `${'"a":"\\'.repeat(100_000)}${"?a=".repeat(100_000)}${"x://".repeat(50_000)}`;
    const began = process.cpuUsage().user;
    redact(text);
    expect(process.cpuUsage().user - began).toBeLessThan(5_000_000);
  });
});
