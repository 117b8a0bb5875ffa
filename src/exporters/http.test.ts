import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { fixtureFragments, fragmentOfNames } from "../../test/support/fragments.ts";
import { recordingHost, testHost } from "../../test/support/host.ts";
import { jaegerTraces, zipkinTraces } from "../../test/support/mapped-spans.ts";
import { comparableSet, recordsOf } from "../../test/support/mapping-records.ts";
import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import { decodeTraces } from "../codec/otlp/message/decode.ts";
import type { ComponentFactory, Host } from "../component/component.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import type { HttpExporterConfig } from "./http-poster.ts";
import { MAX_ANSWER_BYTES } from "./http-sender.ts";
import { jaegerExporter } from "./jaeger.ts";
import { otlpHttpExporter, otlphttpExporter, signalUrl } from "./otlp-http.ts";
import { zipkinExporter } from "./zipkin.ts";

type Factory = ComponentFactory<HttpExporterConfig, ExporterSettings, Exporter>;

interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  /** After decompression. */
  readonly body: Buffer;
}

const servers: Server[] = [];
const exporters: Exporter[] = [];
const NEVER = new AbortController().signal;

afterEach(async () => {
  for (const exporter of exporters.splice(0)) await exporter.shutdown(NEVER);
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

/** A peer on loopback; `answer` gets each request after its body. */
async function peer(answer: (response: ServerResponse, seen: Seen, index: number) => void) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
      seen.push({ url: request.url ?? "", headers: request.headers, body });
      answer(response, seen.at(-1) as Seen, seen.length - 1);
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { seen, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function started(factory: Factory, config: object, host: Host = testHost()): Promise<Exporter> {
  const settings: ExporterSettings = { name: factory.type, writeStdout: () => {} };
  const exporter = factory.create(settings, factory.config.parse(config));
  exporters.push(exporter);
  await exporter.start(host);
  return exporter;
}

const ONE = [fragmentOfNames(["GET /", "POST /"])];

async function outcomeOf(answer: (response: ServerResponse) => void, config: object = {}): Promise<ExportOutcome> {
  const { url } = await peer(answer);
  const exporter = await started(otlpHttpExporter, { endpoint: url, ...config });
  return exporter.export(ONE, NEVER);
}

describe("otlp_http", () => {
  it("sends what was stored, byte for byte, compressed, with its user agent and headers", async () => {
    const { url, seen } = await peer((response) => response.end());
    const fragments = fixtureFragments("python-shop", 4);
    const exporter = await started(otlpHttpExporter, {
      endpoint: `${url}/base`,
      headers: { authorization: "Bearer x" },
    });
    expect(await exporter.export(fragments, NEVER)).toEqual({ type: "delivered" });
    expect(seen).toHaveLength(1);
    expect(seen[0]?.url).toBe("/base/v1/traces");
    expect(seen[0]?.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
      "user-agent": "OTel-OTLP-Exporter-spanloom/test",
      authorization: "Bearer x",
    });
    expect(seen[0]?.body.equals(Buffer.concat(fragments.map((fragment) => fragment.block.body)))).toBe(true);
  });

  it("sends rows that are left of a fragment, uncompressed where told so", async () => {
    const { url, seen } = await peer((response) => response.end());
    const exporter = await started(otlphttpExporter, { endpoint: url, compression: "none" });
    const [fragment] = fixtureFragments("python-shop", 1);
    const part = [{ block: fragment!.block, rows: [0] }];
    expect(await exporter.export(part, NEVER)).toEqual({ type: "delivered" });
    expect(seen[0]?.headers["content-encoding"]).toBeUndefined();
    expect(recordsOf(decodeTraces(seen[0]!.body))).toHaveLength(1);
    expect(seen[0]?.body.equals(Buffer.from(materialiseBody(part)))).toBe(true);
  });

  it("puts v1/traces behind the endpoint's path", () => {
    expect(signalUrl("http://h:4318", "traces").href).toBe("http://h:4318/v1/traces");
    expect(signalUrl("https://h/a/?k=1", "traces").href).toBe("https://h/a/v1/traces?k=1");
  });

  it.each([429, 502, 503, 504])("retries %i", async (status) => {
    expect(await outcomeOf((response) => response.writeHead(status).end())).toEqual({
      type: "retry",
      reason: `HTTP ${status}`,
    });
  });

  it.each<[string, (socket: Socket) => void]>([
    ["closed", (socket) => socket.destroy()],
    ["reset", (socket) => socket.resetAndDestroy()],
  ])("sends at once again what went to kept connections that the peer had %s", async (_how, end) => {
    const waiting: ServerResponse[] = [];
    const { url, server, seen } = await peer((response) => {
      // The first two have a connection each.
      if (waiting.push(response) === 2) for (const one of waiting) one.end();
      else if (waiting.length > 2) response.end();
    });
    const sockets: Socket[] = [];
    server.on("connection", (socket: Socket) => sockets.push(socket));
    const exporter = await started(otlpHttpExporter, { endpoint: url, compression: "none" });
    await Promise.all([exporter.export(ONE, NEVER), exporter.export(ONE, NEVER)]);
    // In one turn of the event loop: the sender takes both for open.
    for (const socket of sockets) end(socket);
    expect(await exporter.export(ONE, NEVER)).toEqual({ type: "delivered" });
    expect([seen.length, sockets.length]).toEqual([3, 3]);
  });

  it("waits as Retry-After says, in seconds or to a date", async () => {
    const seconds = await outcomeOf((response) => response.writeHead(429, { "retry-after": "7" }).end());
    expect(seconds).toMatchObject({ type: "retry", afterMs: 7000 });
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const until = await outcomeOf((response) => response.writeHead(503, { "retry-after": date }).end());
    expect(until).toMatchObject({ type: "retry", afterMs: expect.any(Number) });
    expect((until as { afterMs: number }).afterMs).toBeGreaterThan(3_000_000);
    const nonsense = await outcomeOf((response) => response.writeHead(503, { "retry-after": "soon" }).end());
    expect(nonsense).not.toHaveProperty("afterMs");
  });

  it.each([301, 307, 401, 403, 404, 405, 408, 409, 500, 501])(
    "holds spans after %i, which somebody can mend",
    async (status) => {
      expect(await outcomeOf((response) => response.writeHead(status).end("ask the admin"))).toEqual({
        type: "retry",
        reason: `HTTP ${status}: ask the admin`,
      });
    },
  );

  it.each([400, 422])("rejects %i with the peer's words", async (status) => {
    // google.rpc.Status { message: "no good" }
    const body = Buffer.from("12076e6f20676f6f64", "hex");
    expect(await outcomeOf((response) => response.writeHead(status).end(body))).toEqual({
      type: "rejected",
      count: 2,
      reason: `HTTP ${status}: no good`,
    });
  });

  it("quotes a cut of a plain text answer, on one line", async () => {
    const outcome = await outcomeOf((response) => response.writeHead(400).end(`a\u001b[31m\r\n${"b".repeat(1000)}`));
    expect(outcome).toMatchObject({ type: "rejected", reason: `HTTP 400: a [31m ${"b".repeat(293)}…` });
  });

  it("splits at 413", async () => {
    expect(await outcomeOf((response) => response.writeHead(413).end("too big"))).toEqual({
      type: "split",
      reason: "HTTP 413: too big",
    });
  });

  it("hears a 413 that comes while the body is still on its way", async () => {
    const server = createServer((request, response) => {
      response.writeHead(413, { connection: "close" }).end("too big");
      response.on("finish", () => request.socket.destroy());
    });
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const exporter = await started(otlpHttpExporter, { endpoint, compression: "none" });
    const large = [fragmentOfNames(["x".repeat(8_000_000)])];
    expect(await exporter.export(large, NEVER)).toEqual({ type: "split", reason: "HTTP 413: too big" });
  });

  it("follows no redirect", async () => {
    const other = await peer((response) => response.end());
    const outcome = await outcomeOf((response) => response.writeHead(307, { location: `${other.url}/x` }).end());
    expect(outcome).toEqual({
      type: "retry",
      reason: `HTTP 307: redirect to ${other.url}/x not followed`,
    });
    expect(other.seen).toEqual([]);
  });

  it.each([
    ["rejected spans", "0a08 0801 12046e6f7065", { type: "rejected", count: 1, reason: "nope" }],
    ["a warning alone", "0a06 12046e6f7065", { type: "delivered", warning: "nope" }],
    ["an empty partial success", "0a00", { type: "delivered" }],
    ["a body that is no protobuf", "ffffffff", { type: "delivered" }],
  ])("reads a success with %s", async (_name, hex, expected) => {
    const body = Buffer.from(hex.replaceAll(" ", ""), "hex");
    expect(await outcomeOf((response) => response.writeHead(200).end(body))).toEqual(expected);
  });

  it("reads a compressed answer", async () => {
    const body = gzipSync(Buffer.from("0a08080112046e6f7065", "hex"));
    const outcome = await outcomeOf((response) => response.writeHead(200, { "content-encoding": "gzip" }).end(body));
    expect(outcome).toEqual({ type: "rejected", count: 1, reason: "nope" });
  });

  it("cuts off a good answer that is too long, compressed or not: the status says that the spans were taken", async () => {
    const huge = Buffer.alloc(MAX_ANSWER_BYTES + 1);
    expect(await outcomeOf((response) => response.end(huge))).toEqual({ type: "delivered" });
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const zipped = (response: ServerResponse) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    expect(await outcomeOf(zipped)).toEqual({ type: "delivered" });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ["204", (response) => response.writeHead(204).end()],
    ["202 without a body", (response) => response.writeHead(202).end()],
    ["text", (response) => response.writeHead(200, { "content-type": "text/plain" }).end("OK")],
    ["gzip that is none", (response) => response.writeHead(200, { "content-encoding": "gzip" }).end("OK")],
    ["204 that says gzip", (response) => response.writeHead(204, { "content-encoding": "gzip" }).end()],
  ])("takes %s for a delivery", async (_name, answer) => {
    expect(await outcomeOf(answer)).toEqual({ type: "delivered" });
  });

  it("warns of a delivery that a page of HTML answers", async () => {
    const outcome = await outcomeOf((response) =>
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<h1>Sign in</h1>"),
    );
    expect(outcome).toEqual({ type: "delivered", warning: expect.stringContaining("HTTP 200 with a page of HTML") });
  });

  it("retries a connection that is reset, an answer that breaks off, and a port that nobody listens on", async () => {
    expect(await outcomeOf((response) => response.destroy())).toMatchObject({ type: "retry" });
    const cut = await outcomeOf((response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("x", () => response.destroy());
    });
    expect(cut).toMatchObject({ type: "retry", reason: expect.stringContaining("broke off") });
    const { url, server } = await peer(() => {});
    await new Promise((done) => server.close(done));
    const exporter = await started(otlpHttpExporter, { endpoint: url });
    expect(await exporter.export(ONE, NEVER)).toMatchObject({
      type: "retry",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("retries a peer that does not answer in time, before the headers or within the body", async () => {
    const expected = { type: "retry", reason: "no answer within 50 ms" };
    expect(await outcomeOf(() => {}, { timeout_ms: 50 })).toEqual(expected);
    const trickle = (response: ServerResponse) => void response.writeHead(200).write("x");
    expect(await outcomeOf(trickle, { timeout_ms: 50 })).toEqual(expected);
  });

  it("gives up when its caller does", async () => {
    const stop = new AbortController();
    const { url } = await peer(() => stop.abort());
    const exporter = await started(otlpHttpExporter, { endpoint: url });
    expect(await exporter.export(ONE, stop.signal)).toMatchObject({
      type: "retry",
      reason: expect.stringContaining("stopped"),
    });
    expect(await exporter.export(ONE, stop.signal)).toMatchObject({ type: "retry" });
  });

  it("finishes what is under way when it is shut down, and takes nothing after", async () => {
    let answer = () => {};
    const { url, seen } = await peer((response) => {
      answer = () => response.end();
    });
    const exporter = await started(otlpHttpExporter, { endpoint: url });
    const sending = exporter.export(ONE, NEVER);
    await expect.poll(() => seen.length).toBe(1);
    const stopping = exporter.shutdown(NEVER);
    expect(await exporter.export(ONE, NEVER)).toMatchObject({
      type: "retry",
      reason: expect.stringContaining("not running"),
    });
    answer();
    expect(await sending).toEqual({ type: "delivered" });
    await stopping;
    await exporter.shutdown(NEVER);
  });

  it("uses a connection again", async () => {
    const { url, server } = await peer((response) => response.end());
    let connections = 0;
    server.on("connection", () => connections++);
    const exporter = await started(otlpHttpExporter, { endpoint: url });
    for (let i = 0; i < 3; i++) await exporter.export(ONE, NEVER);
    expect(connections).toBe(1);
  });

  it("rejects what the log holds damaged, and reports it instead of throwing", async () => {
    const { url, seen } = await peer((response) => response.end());
    const exporter = await started(zipkinExporter, { endpoint: url });
    const [fragment] = ONE;
    const body = new Uint8Array(fragment!.block.body).fill(0xff);
    const outcome = await exporter.export([{ ...fragment!, block: { ...fragment!.block, body } }], NEVER);
    expect(outcome).toMatchObject({ type: "rejected", count: 2, reason: expect.stringContaining("cannot be read") });
    expect(seen).toEqual([]);
  });

  it("names the TLS file that it cannot read", async () => {
    const tls = { ca_file: "no/such.pem" };
    await expect(started(otlpHttpExporter, { endpoint: "https://localhost:1", tls })).rejects.toThrow(
      /exporters\.otlp_http\.tls\.ca_file: .*no\/such\.pem/,
    );
  });
});

describe("config", () => {
  it("has the documented defaults", () => {
    expect(otlpHttpExporter.config.parse({})).toEqual({
      endpoint: "http://localhost:4318",
      headers: {},
      signals: ["traces"],
      compression: "gzip",
      start_at: "now",
      sending: {
        max_batch_spans: 2048,
        max_batch_bytes: 3_145_728,
        gather_ms: 0,
        concurrency: 4,
        max_backlog_spans: null,
      },
      retry_on_failure: { initial_interval_ms: 5000, max_interval_ms: 30000, multiplier: 1.5 },
      timeout_ms: 10000,
    });
    expect(jaegerExporter.config.parse({})).toMatchObject({
      endpoint: "http://localhost:14268/api/traces",
      compression: "none",
    });
    expect(zipkinExporter.config.parse({}).endpoint).toBe("http://localhost:9411/api/v2/spans");
  });

  it.each([
    [{ endpont: "http://h" }, /endpont/],
    [{ endpoint: "localhost:4318" }, /expected http:\/\/host:port/],
    [{ endpoint: "ftp://h/x" }, /expected http:\/\/host:port/],
    [{ endpoint: "http://u:p@h" }, /credentials/],
    [{ endpoint: "http://169.254.169.254/x" }, /link-local/],
    [{ endpoint: "http://[fe80::1]/x" }, /link-local/],
    [{ endpoint: "http://[::ffff:169.254.169.254]/x" }, /link-local/],
    [{ headers: { "a b": "x" } }, /a b/],
    [{ headers: { a: "x\r\ny: z" } }, /Invalid character/],
    [{ compression: "zstd" }, /gzip/],
    [{ sending: { max_batch_spans: 10 } }, /512/],
    [{ retry_on_failure: { initial_interval_ms: 9, max_interval_ms: 8 } }, /must not be above/],
    [{ tls: { cert_file: "c" } }, /together/],
  ])("refuses %j", (config, message) => {
    const result = otlpHttpExporter.config.safeParse(config);
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toMatch(message);
  });
});

describe("zipkin", () => {
  it("posts JSON that holds everything that was stored", async () => {
    const { url, seen } = await peer((response) => response.writeHead(202).end());
    const exporter = await started(zipkinExporter, { endpoint: `${url}/api/v2/spans` });
    const fragments = fixtureFragments("node-shop", 6);
    expect(await exporter.export(fragments, NEVER)).toEqual({ type: "delivered" });
    expect(seen[0]).toMatchObject({
      url: "/api/v2/spans",
      headers: { "content-type": "application/json", "user-agent": "spanloom/test" },
    });
    const sent = recordsOf(zipkinTraces(seen[0]!.body));
    expect(comparableSet(sent)).toEqual(comparableSet(recordsOf(decodeTraces(materialiseBody(fragments)))));
  });

  it("posts the fields that Zipkin reads", async () => {
    const { url, seen } = await peer((response) => response.writeHead(202).end());
    const exporter = await started(zipkinExporter, { endpoint: url });
    await exporter.export([fragmentOfNames(["GET /Thing"])], NEVER);
    expect(JSON.parse(String(seen[0]?.body))).toEqual([
      {
        traceId: "0af7651916cd43dd8448eb211c80319c",
        id: "0000000000000001",
        name: "GET /Thing",
        kind: "SERVER",
        timestamp: 1_700_000_000_000_000,
        duration: 12_345,
        localEndpoint: { serviceName: "shop" },
        tags: {
          n: "1152921504606846976",
          "otel.scope.name": "lib",
          "otel.scope.version": "1",
          "otel.status_code": "ERROR",
          error: "boom",
          "spanloom.otlp": '{"flags":257,"attributes":{"int":["n"]}}',
        },
      },
    ]);
  });
});

/** As Jaeger's collector of version 1, to which gzip is Thrift of an unknown type. */
function likeJaegerV1(response: ServerResponse, { headers }: Seen): void {
  if (headers["content-encoding"] === undefined) response.writeHead(202).end();
  else response.writeHead(400).end("Unable to process request body: Unknown data type 31\n");
}

describe("jaeger", () => {
  const TWO = [fragmentOfNames(["a"], "one"), fragmentOfNames(["b", "c"], "two")];
  const serviceOf = (seen: Seen) => recordsOf(jaegerTraces(seen.body))[0]?.service;

  it("posts a thrift batch a process, holding everything that was stored", async () => {
    const { url, seen } = await peer((response) => response.writeHead(202).end());
    const exporter = await started(jaegerExporter, { endpoint: `${url}/api/traces` });
    const fragments = fixtureFragments("node-shop", 6);
    expect(await exporter.export(fragments, NEVER)).toEqual({ type: "delivered" });
    expect(seen[0]).toMatchObject({
      url: "/api/traces",
      headers: { "content-type": "application/vnd.apache.thrift.binary" },
    });
    expect(new Set(seen.map(serviceOf)).size).toBe(seen.length);
    const sent = recordsOf(jaegerTraces(...seen.map((request) => request.body)));
    expect(comparableSet(sent)).toEqual(comparableSet(recordsOf(decodeTraces(materialiseBody(fragments)))));
  });

  it("sends only what is missing when it tries again, and forgets when it is done", async () => {
    const { url, seen } = await peer((response, _seen, index) => response.writeHead(index === 1 ? 503 : 202).end());
    const exporter = await started(jaegerExporter, { endpoint: url });
    expect(await exporter.export(TWO, NEVER)).toEqual({ type: "retry", reason: "HTTP 503" });
    expect(await exporter.export(TWO, NEVER)).toEqual({ type: "delivered" });
    expect(seen.map(serviceOf)).toEqual(["one", "two", "two"]);
    await exporter.export(TWO, NEVER);
    expect(seen.map(serviceOf).slice(3)).toEqual(["one", "two"]);
  });

  it("counts what one process had refused, and goes on with the next", async () => {
    const { url, seen } = await peer((response, _seen, index) => {
      if (index === 1) response.writeHead(503).end();
      else response.writeHead(index === 0 ? 400 : 202).end("bad");
    });
    const exporter = await started(jaegerExporter, { endpoint: url });
    expect(await exporter.export(TWO, NEVER)).toMatchObject({ type: "retry" });
    expect(await exporter.export(TWO, NEVER)).toEqual({ type: "rejected", count: 1, reason: "HTTP 400: bad" });
    expect(seen).toHaveLength(3);
  });

  it("goes uncompressed by default, for Jaeger's collector inflates nothing", async () => {
    const { url, seen } = await peer(likeJaegerV1);
    const exporter = await started(jaegerExporter, { endpoint: url });
    expect(await exporter.export(fixtureFragments("node-shop", 6), NEVER)).toEqual({ type: "delivered" });
    expect(seen.every(({ headers }) => headers["content-encoding"] === undefined)).toBe(true);
  });

  it("tries once without the gzip that it was told to use, says so, and stays with that", async () => {
    const { url, seen } = await peer(likeJaegerV1);
    const host = recordingHost();
    const exporter = await started(jaegerExporter, { endpoint: url, compression: "gzip" }, host);
    const fragments = [fragmentOfNames(["x".repeat(1000)])];
    for (let i = 0; i < 2; i++) expect(await exporter.export(fragments, NEVER)).toEqual({ type: "delivered" });
    expect(seen.map(({ headers }) => headers["content-encoding"])).toEqual(["gzip", undefined, undefined]);
    expect(host.lines.filter(({ message }) => message.includes("does not take gzip"))).toHaveLength(1);
  });

  it("says so once where several requests find out", async () => {
    const { url, seen } = await peer(likeJaegerV1);
    const host = recordingHost();
    const exporter = await started(jaegerExporter, { endpoint: url, compression: "gzip" }, host);
    const fragments = [fragmentOfNames(["x".repeat(1000)])];
    const outcomes = await Promise.all([exporter.export(fragments, NEVER), exporter.export(fragments, NEVER)]);
    expect(outcomes).toEqual([{ type: "delivered" }, { type: "delivered" }]);
    expect(seen.filter(({ headers }) => headers["content-encoding"] === "gzip")).toHaveLength(2);
    expect(host.lines.filter(({ message }) => message.includes("does not take gzip"))).toHaveLength(1);
  });

  it("splits at 413", async () => {
    const { url } = await peer((response) => response.writeHead(413).end());
    const exporter = await started(jaegerExporter, { endpoint: url });
    expect(await exporter.export(TWO, NEVER)).toEqual({ type: "split", reason: "HTTP 413" });
  });
});
