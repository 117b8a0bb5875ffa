import { describe, expect, it } from "vitest";
import { aliasedValues, aliasesOf, renamesOf, SEMCONV_RENAMES } from "./semconv-aliases.ts";

describe("the table", () => {
  it("holds each rename once, and no key that is both old and new", () => {
    const pairs = SEMCONV_RENAMES.map(({ from, to }) => `${from} ${to}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    const olds = new Set(SEMCONV_RENAMES.map(({ from }) => from));
    expect(SEMCONV_RENAMES.filter(({ to }) => olds.has(to))).toEqual([]);
  });

  it("has several new keys for an old one only where the side of the span decides", () => {
    for (const { from } of SEMCONV_RENAMES) {
      const sides = renamesOf(from).map(({ side }) => side);
      expect(sides, from).toEqual(sides.length === 1 ? [undefined] : ["client", "server"]);
    }
  });
});

describe("aliasesOf", () => {
  it.each([
    ["http.status_code", ["http.response.status_code"]],
    ["http.response.status_code", ["http.status_code"]],
    ["net.peer.name", ["server.address", "client.address"]],
    ["server.address", ["http.server_name", "net.peer.name", "net.host.name", "tls.client.server_name"]],
    ["db.sql.table", ["db.collection.name"]],
    ["http.target", ["url.path"]],
    ["url.path", ["http.target"]],
    ["http.route", []],
    ["constructor", []],
  ])("of %s are %j", (key, aliases) => {
    expect(aliasesOf(key)).toEqual(aliases);
  });

  it("is symmetric", () => {
    for (const { from, to } of SEMCONV_RENAMES) {
      expect(aliasesOf(from)).toContain(to);
      expect(aliasesOf(to)).toContain(from);
    }
  });
});

describe("aliasedValues", () => {
  it.each([
    ["http.status_code", "500", [["http.response.status_code", "500"]]],
    ["db.system", "mssql", [["db.system.name", "microsoft.sql_server"]]],
    ["db.system", "postgresql", [["db.system.name", "postgresql"]]],
    ["db.system.name", "oracle.db", [["db.system", "oracle"]]],
    ["rpc.grpc.status_code", "14", [["rpc.response.status_code", "UNAVAILABLE"]]],
    ["rpc.grpc.status_code", "99", []],
    ["net.transport", "ip_tcp", [["network.transport", "tcp"]]],
    ["net.transport", "other", []],
    ["http.target", "/a", [["url.path", "/a"]]],
    ["http.target", "/a?b=1", []],
    ["no.such.key", "x", []],
  ])("of %s = %s are %j", (key, value, expected) => {
    expect(aliasedValues(key, value).map((one) => [one.key, one.value])).toEqual(expected);
  });

  it("finds every old spelling of a value", () => {
    const values = aliasedValues("network.protocol.version", "2").map(({ key, value }) => `${key}=${value}`);
    expect(values).toEqual([
      "http.flavor=2",
      "http.flavor=2.0",
      "net.protocol.version=2",
      "net.app.protocol.version=2",
    ]);
  });
});
