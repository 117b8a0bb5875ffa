import { describe, expect, it } from "vitest";
import { spanWith } from "../../../test/support/otlp-spans.ts";
import type { AnyValue, KeyValue } from "../../model/any-value.ts";
import type { Span } from "../../model/span.ts";
import { errorText } from "./error-text.ts";

const attribute = (key: string, value: string | bigint): KeyValue => ({
  key,
  value: (typeof value === "bigint" ? { type: "int", value } : { type: "string", value }) as AnyValue,
});
const event = (name: string, ...attributes: KeyValue[]) => ({
  timeUnixNano: 1n,
  name,
  attributes,
  droppedAttributesCount: 0,
});
const textOf = (more: Partial<Span>) => errorText(spanWith({ status: { code: 2, message: "" }, ...more }));

describe("what a failed span says", () => {
  it("is the status message before all else", () => {
    const events = [event("exception", attribute("exception.message", "disk full"))];
    expect(textOf({ status: { code: 2, message: "402" }, events })).toBe("402");
  });

  it("is the type and message of the last exception that has some", () => {
    const events = [
      event("exception", attribute("exception.message", "first")),
      event("exception", attribute("exception.type", "IOException"), attribute("exception.message", "disk full")),
      event("exception"),
      event("retry", attribute("exception.message", "not this")),
    ];
    expect(textOf({ events })).toBe("IOException: disk full");
    expect(textOf({ events: events.slice(0, 1) })).toBe("first");
  });

  it("is error.type, or the status code of the protocol where that is the only clue", () => {
    const code = attribute("http.response.status_code", 503n);
    expect(textOf({ attributes: [attribute("error.type", "timeout"), code] })).toBe("timeout");
    expect(textOf({ attributes: [attribute("error.type", "503"), code] })).toBe("HTTP 503");
    expect(textOf({ attributes: [attribute("http.status_code", 500n)] })).toBe("HTTP 500");
    expect(textOf({ attributes: [attribute("rpc.grpc.status_code", 14n)] })).toBe("gRPC 14");
    expect(textOf({ attributes: [attribute("rpc.grpc.status_code", 0n)] })).toBe("");
  });

  it("is nothing for a span that did not fail", () => {
    expect(errorText(spanWith({ attributes: [attribute("http.status_code", 404n)] }))).toBe("");
  });
});
