import { request } from "node:http";
import { deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { recordingHost } from "../../test/support/host.ts";
import { type PostRig, startPostReceiver } from "../../test/support/receiver-rig.ts";
import { PermanentError, RetryableError } from "../component/errors.ts";
import { zipkinReceiver } from "./zipkin.ts";

let rig: PostRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const JSON_TYPE = "application/json";
const BODY = JSON.stringify([{ traceId: "1", id: "2" }]);

async function start(options: Parameters<typeof startPostReceiver>[1] = {}): Promise<PostRig> {
  rig = await startPostReceiver(zipkinReceiver, options);
  return rig;
}

const post = (path: string, body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string> = {}) =>
  fetch(`${rig?.http}${path}`, { method: "POST", body, headers: { "content-type": JSON_TYPE, ...headers } });

describe("a post of spans", () => {
  it.each([
    ["/api/v2/spans", JSON_TYPE, "zipkin_json"],
    ["/api/v2/spans", "Application/JSON; charset=utf-8", "zipkin_json"],
    ["/api/v2/spans", "text/plain", "zipkin_json"],
    ["/api/v2/spans?x=1", "application/x-protobuf", "zipkin_protobuf"],
    ["/api/v2/spans", "application/x-protobuf; charset=utf-8", "zipkin_protobuf"],
    ["/api/v1/spans", JSON_TYPE, "zipkin_json"],
  ])("to %s as %s is %s, and answered with 202 and nothing", async (path, type, format) => {
    const { sink, inFlight } = await start();
    const response = await post(path, BODY, { "content-type": type });
    expect([response.status, await response.text()]).toEqual([202, ""]);
    expect(sink.batches).toHaveLength(1);
    expect(sink.batches[0]).toMatchObject({ format, encoding: "identity", source: "zipkin_http" });
    expect(Buffer.from(sink.batches[0]?.bytes as Uint8Array).toString()).toBe(BODY);
    expect(inFlight.usedBytes).toBe(0);
  });

  it("may be compressed, and is passed on as it came", async () => {
    const { sink } = await start();
    for (const [encoding, body] of [
      ["gzip", gzipSync(BODY)],
      ["deflate", deflateSync(BODY)],
    ] as const) {
      expect((await post("/api/v2/spans", body, { "content-encoding": encoding })).status).toBe(202);
    }
    expect(sink.batches.map(({ encoding }) => encoding)).toEqual(["gzip", "deflate"]);
  });

  it("of which some spans are refused is taken, and says so in a header, a text, the log and the counters", async () => {
    const host = recordingHost();
    const { sink, count } = await start({ logger: host.logger });
    sink.answer = () => ({ accepted: 3, rejected: 2, message: "2 spans refused: trace id is all zero (2)" });
    for (let i = 0; i < 3; i++) {
      const response = await post("/api/v2/spans", BODY);
      expect(response.status).toBe(202);
      expect(response.headers.get("x-spanloom-rejected-spans")).toBe("2");
      expect(await response.text()).toBe("2 spans refused: trace id is all zero (2)\n");
    }
    expect(count("spanloom_receiver_accepted_spans_total", { receiver: "zipkin", transport: "http" })).toBe(9);
    expect(count("spanloom_receiver_refused_spans_total", { receiver: "zipkin" })).toBe(6);
    expect(count("spanloom_receiver_refused_requests_total")).toBe(0);
    await rig?.close();
    const told = host.lines.filter(({ level }) => level === "warn");
    expect(told.map(({ fields }) => fields?.count)).toEqual([2, 4]);
    expect(told[0]?.fields).toMatchObject({ answer: expect.stringContaining("all zero") });
  });

  it("of which every span is refused is a 400", async () => {
    const { sink } = await start();
    sink.answer = () => ({ accepted: 0, rejected: 1, message: "1 span refused: span id is empty (1)" });
    const response = await post("/api/v2/spans", BODY);
    expect([response.status, await response.text()]).toEqual([400, "1 span refused: span id is empty (1)\n"]);
  });

  it.each([
    [new PermanentError("malformed", "not readable"), 400, "Cannot decode spans: not readable\n", null],
    [new RetryableError("overloaded", "too much", 2_500), 429, "too much\n", "3"],
    [new RetryableError("storage_full", "no room"), 503, "no room\n", "1"],
    [new TypeError("a fault of ours"), 500, "internal error; the collector's log has the details\n", null],
  ])("that fails with %s is told so", async (error, status, text, retryAfter) => {
    const { sink, inFlight } = await start();
    sink.answer = () => Promise.reject(error);
    const response = await post("/api/v2/spans", BODY);
    expect([response.status, await response.text()]).toEqual([status, text]);
    expect(response.headers.get("retry-after")).toBe(retryAfter);
    expect(inFlight.usedBytes).toBe(0);
  });

  it("that is too long, in an unknown encoding or from a foreign page is refused", async () => {
    await start({ config: { max_request_body_size: 10 } });
    expect((await post("/api/v2/spans", BODY)).status).toBe(413);
    expect((await post("/api/v2/spans", "[]", { "content-encoding": "br" })).status).toBe(415);
    const foreign = await post("/api/v2/spans", "[]", { origin: "https://evil.example" });
    expect([foreign.status, await foreign.text()]).toEqual([
      403,
      'the origin "https://evil.example" is not among receivers.zipkin.cors.allowed_origins\n',
    ]);
    expect((await post("/api/v2/spans", "[]")).status).toBe(202);
  });

  it("is refused with 429 while requests hold all that they may", async () => {
    const { inFlight } = await start({ inFlightBytes: 1_000 });
    const held = inFlight.take(1_000, "others");
    expect((await post("/api/v2/spans", BODY)).status).toBe(429);
    held.release();
    expect((await post("/api/v2/spans", BODY)).status).toBe(202);
  });
});

describe("what is no post of spans", () => {
  it("is a 404 or a 405 that says what is taken", async () => {
    const { http } = await start();
    const unknown = await fetch(`${http}/api/v2/services`);
    expect([unknown.status, await unknown.text()]).toEqual([
      404,
      'nothing is served at "/api/v2/services"; spans are taken at POST /api/v2/spans, /api/v1/spans\n',
    ]);
    const wrong = await fetch(`${http}/api/v2/spans`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("goes to whoever reads on this port, behind the check of the host", async () => {
    const asked: string[] = [];
    const names: string[] = [];
    const { http, sink } = await start({
      reads: (name) => {
        names.push(name);
        return ({ method, url }, response) => {
          asked.push(`${method} ${url}`);
          response.end("read");
        };
      },
    });
    for (const path of ["/zipkin/", "/api/v2/services", "/api/v2/spans?serviceName=a"]) {
      expect(await (await fetch(`${http}${path}`)).text()).toBe("read");
    }
    await post("/api/v2/other", BODY);
    expect((await post("/api/v2/spans", BODY)).status).toBe(202);
    const status = await new Promise((resolve) =>
      request(`${http}/zipkin/`, { headers: { host: "evil.example" } }, ({ statusCode }) => resolve(statusCode)).end(),
    );
    expect(status).toBe(421);
    expect(names).toEqual(["zipkin"]);
    expect(asked).toEqual([
      "GET /zipkin/",
      "GET /api/v2/services",
      "GET /api/v2/spans?serviceName=a",
      "POST /api/v2/other",
    ]);
    expect(sink.batches).toHaveLength(1);
  });
});
