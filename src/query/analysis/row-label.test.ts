import { describe, expect, it } from "vitest";
import { parseRowLabel, rowLabelText } from "./row-label.ts";

const labelOf = (attributes: Readonly<Record<string, string>>) => parseRowLabel(rowLabelText((key) => attributes[key]));

describe("the label of a row", () => {
  it.each([
    [
      { "http.request.method": "POST", "http.route": "/reservations", "http.response.status_code": "200" },
      ["POST", "/reservations", "200"],
    ],
    [{ "http.method": "GET", "http.url": "http://a:80/x?token=1", "http.status_code": "503" }, ["GET", "/x", "503"]],
    [{ "db.system": "postgresql", "db.statement": "select n from stock" }, ["SELECT", "stock", ""]],
    [{ "db.system.name": "redis", "db.operation.name": "HGETALL" }, ["HGETALL", "", ""]],
    [{ "rpc.system": "grpc", "rpc.service": "a.B", "rpc.method": "C", "rpc.grpc.status_code": "0" }, ["", "a.B/C", ""]],
    [
      { "rpc.system": "grpc", "rpc.service": "a.B", "rpc.method": "C", "rpc.grpc.status_code": "14" },
      ["", "a.B/C", "gRPC 14"],
    ],
    [
      { "messaging.system": "kafka", "messaging.operation": "publish", "messaging.destination.name": "orders" },
      ["publish", "orders", ""],
    ],
    [
      {
        "gen_ai.system": "x",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": "1204",
        "gen_ai.usage.output_tokens": "87",
      },
      ["chat", "m", "1,291 tokens"],
    ],
  ])("says what it did: %j", (attributes, [verb, target, outcome]) => {
    expect(labelOf(attributes)).toEqual({ verb, target, outcome });
  });

  it("is empty where the attributes say nothing", () => {
    expect(rowLabelText(() => undefined)).toBe("");
    expect(rowLabelText((key) => (key === "db.system" ? "redis" : undefined))).toBe("");
  });

  it("is short, on one line, and turns no direction round", () => {
    const { target } = labelOf({ "http.method": "GET", "http.route": `/a\t\u202eb\n${"c".repeat(500)}` });
    expect(target.startsWith("/a b c")).toBe(true);
    expect([...target]).toHaveLength(80);
  });
});
