import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Service, service } from "../../src/sdk/declarations/service.ts";
import { tracedFetch } from "../../src/sdk/instrument/http-client.ts";
import { createTestCollector, type TestCollector, type TestSpan } from "../../src/testing/testing.ts";
import { type AppProcess, startApp } from "../support/app-process.ts";
import { freePort } from "../support/free-port.ts";

// shop (official SDK, B3) → stock (our SDK, Jaeger) → proxy → plain (no SDK, W3C) → proxy → shop (B3)
describe("services with the official SDK, with ours and without any, in three propagation formats", () => {
  let collector: TestCollector;
  let shop: AppProcess;
  let stock: Service;
  let folder: string;
  const plain = createServer();
  const seen: { stock: IncomingHttpHeaders[]; plain: IncomingHttpHeaders[] } = { stock: [], plain: [] };
  /** Names of the headers with which the stock calls the plain service: the proxy takes them off. */
  const stockSent: string[] = [];
  const onRequest = (message: unknown): void => {
    const { path, headers } = (message as { request: { path: string; headers: string[] } }).request;
    if (path === "/plain/work")
      stockSent.push(...headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()));
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "spanloom-mixed-"));
    subscribe("undici:request:create", onRequest);
    const proxyPort = await freePort();
    const proxy = `http://127.0.0.1:${proxyPort}`;
    plain.on("request", async (request, response) => {
      seen.plain.push(request.headers);
      // All that a service without an SDK has to do for its own calls: hand on the header that it was given.
      const answer = await fetch(`${proxy}/price`, { headers: { traceparent: request.headers.traceparent as string } });
      response.end(await answer.text());
    });
    await new Promise<void>((done) => plain.listen(0, "127.0.0.1", done));
    const plainUrl = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;

    // The shop has to be told where the stock is and the collector where the shop is, so the stock comes first.
    let otlp = "";
    stock = service(
      "stock",
      { tracing: true, trace_propagation: "jaeger" },
      async (request, response, { tracing }) => {
        seen.stock.push(request.headers);
        const answer = await tracedFetch(tracing)(`${proxy}/plain/work`);
        response.end(await answer.text());
      },
      {
        exporter: {
          description: "the collector, once it runs",
          async export(records, signal) {
            const { otlpHttpExporter } = await import("../../src/sdk/exporters/otlp-http.ts");
            return otlpHttpExporter({ endpoint: `${otlp}/v1/traces` }).export(records, signal);
          },
          async shutdown() {},
        },
      },
    );
    await stock.start();
    const otlpPort = await freePort();
    otlp = `http://127.0.0.1:${otlpPort}`;
    shop = await startApp("mixed.cjs", {
      EXPORT_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
      OTEL_SERVICE_NAME: "shop",
      OTEL_PROPAGATORS: "b3multi",
      OTEL_LOG_LEVEL: "none",
      SPAN_FILE: join(folder, "spans.jsonl"),
      NEXT_URL: stock.url as string,
    });
    collector = await createTestCollector({
      config: {
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlpPort}` } } } },
        proxy: {
          endpoint: `127.0.0.1:${proxyPort}`,
          routes: [
            { prefix: "/plain", upstream: plainUrl, service: "plain", propagation: "w3c" },
            { prefix: "/price", upstream: shop.url, service: "gateway", propagation: "b3" },
          ],
        },
      },
    });
    const answer = await fetch(`${shop.url}/start`);
    expect([answer.status, await answer.json()]).toEqual([200, { price: 4 }]);
    await stock.tracing.flush();
  }, 60_000);

  afterAll(async () => {
    unsubscribe("undici:request:create", onRequest);
    await shop?.stop();
    await stock?.stop();
    await collector?.close();
    await new Promise((done) => plain.close(done));
    rmSync(folder, { recursive: true, force: true });
  });

  it("make one trace, every span below the one that called it", async () => {
    const trace = await collector.waitForTrace(({ spans }) => spans.length >= 9, 20_000);
    expect(await collector.traces()).toHaveLength(1);
    const named = ({ service, kind }: TestSpan): string => `${service} ${kind}`;
    const roots = trace.spans.filter(({ parentSpanId }) => parentSpanId === "");
    expect(roots.map(named)).toEqual(["shop server"]);
    const chain: string[] = [];
    for (let span = roots[0]; span !== undefined; ) {
      chain.push(named(span));
      const { spanId } = span;
      span = trace.spans.find(({ parentSpanId }) => parentSpanId === spanId);
    }
    expect(chain).toEqual([
      "shop server",
      "shop client",
      "stock server",
      "stock client",
      "plain server",
      "plain client",
      // The plain service handed on the client span that the proxy made for it.
      "gateway server",
      "gateway client",
      "shop server",
    ]);
    expect(trace.spans).toHaveLength(chain.length);
  });

  it("really spoke three formats", () => {
    const formats = (names: readonly string[]) =>
      ["x-b3-traceid", "uber-trace-id", "traceparent"].filter((name) => names.includes(name));
    expect(formats(Object.keys(seen.stock[0] ?? {}))).toEqual(["x-b3-traceid"]);
    expect(formats(stockSent)).toEqual(["uber-trace-id"]);
    expect(formats(Object.keys(seen.plain[0] ?? {}))).toEqual(["traceparent"]);
  });
});
