import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BatchSink } from "../../component/ingest.ts";
import { SILENT_LOGGER } from "../../component/logger.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import { type AdminStore, createAdminRoutes } from "./admin-routes.ts";

let server: Server;
let compacted = 0;
const ID = "0af7651916cd43dd8448eb211c80319c";
const searched: TraceQuery[] = [];
const deleted: string[] = [];

beforeAll(async () => {
  const store: Pick<AdminStore, "compact" | "view" | "deleteTraces"> = {
    async view(_name, params) {
      searched.push((params as { query: TraceQuery }).query);
      const answer = { traceIds: [ID], storedIds: [ID], complete: true };
      return {
        status: 200,
        contentType: "application/json",
        body: new Uint8Array(Buffer.from(JSON.stringify(answer))),
      };
    },
    deleteTraces: async (ids) => {
      deleted.push(...ids.map((id) => Buffer.from(id).toString("hex")));
    },
    compact: async () => {
      compacted++;
      return 3;
    },
  };
  const sink: BatchSink = {
    append: async () => {
      throw new Error("nothing is to be stored");
    },
  };
  server = createServer(express().use(createAdminRoutes(store as AdminStore, sink, SILENT_LOGGER)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

function compact(headers: Record<string, string>): Promise<Response> {
  return post("compact", headers);
}

function post(path: string, headers: Record<string, string>, body = ""): Promise<Response> {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/api/ui/admin/${path}`, { method: "POST", headers, body });
}

it("is for programs of this machine that say so", async () => {
  const answer = await compact({ "x-spanloom": "1" });
  expect([answer.status, await answer.json()]).toEqual([200, { segments: 3 }]);
  expect(compacted).toBe(1);
});

it.each([
  {},
  { "x-spanloom": "0" },
  { "x-spanloom": "1", "x-forwarded-for": "203.0.113.9" },
  { "x-spanloom": "1", forwarded: "for=203.0.113.9" },
  { "x-spanloom": "1", "x-real-ip": "203.0.113.9" },
  { "x-spanloom": "1", via: "1.1 proxy" },
  { "x-spanloom": "1", "x-forwarded-prefix": "/tracing" },
])("refuses %j", async (headers) => {
  const before = compacted;
  expect((await compact(headers as Record<string, string>)).status).toBe(403);
  expect(compacted).toBe(before);
});

describe("deletion by a search", () => {
  const remove = (body: string) => post("delete", { "x-spanloom": "1" }, body);

  it("deletes what the search finds", async () => {
    const answer = await remove('{"query": {"service": "shop", "lookback": "1h"}}');
    expect([answer.status, await answer.json()]).toEqual([200, { traces: 1 }]);
    expect(deleted).toEqual([ID]);
    expect(searched.at(-1)).toMatchObject({ filter: { op: "compare" }, startMin: expect.anything() });
  });

  it.each([
    ["{", /the body: expected a JSON object/],
    ["{}", /expected one of traceIds, query and all/],
    ['{"query": []}', /query: expected at least one condition of service, /],
    ['{"query": {}}', /query: expected at least one condition/],
    ['{"query": "service=a"}', /query: expected search parameters as texts/],
    ['{"query": {"service": 1}}', /query: expected search parameters as texts/],
    ['{"query": {"servcie": "shop"}}', /query\.servcie: unknown parameter; known: service, /],
    ['{"query": {"service": ""}}', /query\.service: expected a value, found nothing/],
    ['{"query": {"tags": "{}"}}', /query: expected at least one condition/],
    ['{"query": {"exactTags": "true"}}', /query: expected at least one condition/],
    ['{"query": {"service": "shop", "limit": "1"}}', /query\.limit: unknown parameter/],
    [
      '{"query": {"service": "shop", "lookback": "yesterday"}}',
      /query\.lookback': got 'yesterday', expected a duration/,
    ],
    ['{"query": {"lookback": "1h", "start": "5"}}', /query\.lookback': got '1h', expected .* no start beside it/],
  ])("refuses %s, where a search would leave out what it cannot use", async (body, message) => {
    const before = [deleted.length, searched.length];
    const answer = await remove(body);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect([answer.status, error.code]).toEqual([400, "bad_request"]);
    expect(error.message).toMatch(message);
    expect([deleted.length, searched.length]).toEqual(before);
  });
});
