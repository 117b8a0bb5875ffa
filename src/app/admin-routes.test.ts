import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AdminStore, createAdminRoutes } from "./admin-routes.ts";

let server: Server;
let compacted = 0;

beforeAll(async () => {
  const store: Pick<AdminStore, "compact"> = {
    compact: async () => {
      compacted++;
      return 3;
    },
  };
  server = createServer(express().use(createAdminRoutes(store as AdminStore)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

function compact(headers: Record<string, string>): Promise<Response> {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/api/ui/admin/compact`, { method: "POST", headers });
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
])("refuses %j", async (headers) => {
  const before = compacted;
  expect((await compact(headers as Record<string, string>)).status).toBe(403);
  expect(compacted).toBe(before);
});
