import { createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { OwnWork } from "../../component/own-work.ts";
import { RequestTracing } from "./request-tracing.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
const never = new AbortController().signal;

function tracing(fails = false) {
  const reports: OwnWork[] = [];
  const traced = new RequestTracing((work) => reports.push(work));
  const views = traced.views({
    view: async () => {
      if (fails) throw new Error("the disk is gone");
      return { status: 200, contentType: "text/plain", body: new Uint8Array(5) };
    },
  });
  return { reports, traced, views };
}

describe("RequestTracing", () => {
  it("puts views below the request that asked for them, and leaves probes and parameters out", async () => {
    const { reports, traced, views } = tracing();
    const server = createServer(
      traced.requests((request, response) => {
        Object.assign(request, { route: { path: "/api/traces" } });
        void views.view("jaeger.search", {}, never).then(() => {
          response.statusCode = 503;
          response.end("x");
        });
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    for (const path of ["/api/traces?tag=secret:1", "/metrics", "/base/healthz", "/assets/a.js"]) {
      await (await fetch(`${base}${path}`, { headers: { connection: "close" } })).text();
    }
    // The views of untraced requests are reported alone.
    await expect.poll(() => reports.filter(({ kind }) => kind === "server").length).toBe(1);
    const request = reports.find(({ kind }) => kind === "server");
    expect(request).toMatchObject({
      name: "GET /api/traces",
      error: "status 503",
      details: { "url.path": "/api/traces", "http.route": "/api/traces", "http.response.status_code": 503 },
      parts: [{ name: "view jaeger.search", kind: "internal", details: { "spanloom.response.bytes": 5 } }],
    });
    expect(request?.parts?.[0]?.tookMs).toBeLessThanOrEqual(request?.tookMs as number);
    expect(JSON.stringify(reports)).not.toContain("secret");
  });

  it("reports a view that fails, and one that no request asked for", async () => {
    const { reports, views } = tracing(true);
    await expect(views.view("store.stats", {}, never)).rejects.toThrow("the disk is gone");
    expect(reports).toMatchObject([{ name: "view store.stats", error: "the disk is gone" }]);
  });

  it("bounds the parts of one request", async () => {
    const { reports, traced, views } = tracing();
    const server = createServer(
      traced.requests((_request, response) => {
        void Promise.all(Array.from({ length: 100 }, () => views.view("v", {}, never))).then(() => response.end());
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    await (await fetch(`http://127.0.0.1:${(server.address() as { port: number }).port}/`)).text();
    await expect.poll(() => reports.length).toBe(1);
    expect(reports[0]?.parts).toHaveLength(64);
  });
});
