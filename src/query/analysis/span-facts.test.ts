import { describe, expect, it } from "vitest";
import { queryWords, spanFacts } from "./span-facts.ts";

const factsOf = (attributes: Readonly<Record<string, string>>) => spanFacts((key) => attributes[key]);

describe("what attributes say of a span", () => {
  it("reads the conventions of today and those before alike", () => {
    const today = {
      "http.request.method": "GET",
      "http.response.status_code": "503",
      "url.full": "http://a:1/x/y?z#w",
    };
    const before = { "http.method": "GET", "http.status_code": "503", "http.url": "http://a:1/x/y?z#w" };
    expect(factsOf(today)).toMatchObject({ system: "http", method: "GET", status: "503", path: "/x/y" });
    expect(factsOf(before)).toEqual(factsOf(today));
    expect(factsOf({ "rpc.system": "grpc", "rpc.method": "Get" })).toMatchObject({ system: "rpc", method: "Get" });
  });

  it("takes the rarer convention where a call has two", () => {
    expect(factsOf({ "http.request.method": "POST", "db.system": "opensearch" })).toMatchObject({ system: "database" });
    expect(factsOf({ "http.request.method": "POST", "gen_ai.system": "openai" })).toMatchObject({ system: "genai" });
  });

  it("says nothing of a span without any", () => {
    expect(factsOf({ "shop.sku": "desk-22" })).toBeUndefined();
    expect(factsOf({ "db.system": "" })).toBeUndefined();
  });

  it.each([
    ["SELECT a FROM shop.stock WHERE x", "SELECT", "shop.stock"],
    ["insert into `orders` (a) values (1)", "INSERT", "orders"],
    ['/* by app */ UPDATE "stock" SET n = 1', "UPDATE", "stock"],
    ["DELETE FROM ONLY a", "DELETE", "a"],
    ["select 1", "SELECT", ""],
    ["BEGIN", "BEGIN", ""],
    ["HGETALL cart:?", "", ""],
    ['{"match":{}}', "", ""],
  ])("reads the verb and the table of %s", (statement, verb, table) => {
    expect(queryWords(statement)).toEqual({ verb, table });
  });
});
