import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";
import { decodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { decodeRpcStatus } from "../codec/rpc/status.ts";
import { type ErrorCode, PermanentError, type RetryableCode, RetryableError } from "../component/errors.ts";
import { isRetryableHttpStatus } from "../component/retry.ts";

const PROTO = "application/x-protobuf";
const JSON_TYPE = "application/json";
/** resource_spans with one empty ResourceSpans. */
const BODY = Uint8Array.of(10, 0);

let rig: ReceiverRig;
beforeEach(async () => {
  rig = await startReceiver({ http: { max_request_body_size: 4_096 } });
});
afterEach(() => rig.close());

const post = (
  body: Uint8Array | string,
  headers: Record<string, string> = { "content-type": PROTO },
  path = "/v1/traces",
) => fetch(`${rig.http}${path}`, { method: "POST", body, headers });

const bytesOf = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer());

describe("what is taken", () => {
  it("hands the bytes on as they came and answers with an empty protobuf response", async () => {
    const response = await post(BODY);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(PROTO);
    expect(await bytesOf(response)).toEqual(new Uint8Array(0));
    const [batch] = rig.sink.batches;
    expect(batch).toMatchObject({
      format: "otlp_protobuf",
      encoding: "identity",
      maxBytes: 4_096,
      source: "otlp_http",
    });
    expect(batch?.bytes).toEqual(BODY);
    expect(batch?.bytes.buffer.byteLength).toBe(2);
    expect(rig.count("spanloom_receiver_accepted_spans_total", { receiver: "otlp", transport: "http" })).toBe(1);
    expect(rig.count("spanloom_receiver_request_bytes_total")).toBe(2);
  });

  it.each(["application/json", "Application/JSON; charset=utf-8", " application/json ;charset=UTF-8"])(
    "takes JSON as %j and answers in JSON",
    async (type) => {
      const response = await post('{"resourceSpans":[]}', { "content-type": type });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe(JSON_TYPE);
      expect(await response.json()).toEqual({});
      expect(rig.sink.batches[0]?.format).toBe("otlp_json");
    },
  );

  it.each([
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["deflate", "deflate"],
    ["zlib", "deflate"],
    ["identity", "identity"],
  ])("names the encoding %s as %s and inflates nothing here", async (header, encoding) => {
    const body = encoding === "gzip" ? gzipSync(BODY) : BODY;
    const response = await post(body, { "content-type": PROTO, "content-encoding": header });
    expect(response.status).toBe(200);
    expect(rig.sink.batches[0]).toMatchObject({ encoding });
    expect(rig.sink.batches[0]?.bytes).toEqual(new Uint8Array(body));
  });

  it("takes an empty protobuf request without troubling the store", async () => {
    const response = await post(new Uint8Array(0));
    expect(response.status).toBe(200);
    expect(rig.sink.batches).toEqual([]);
  });

  it("takes a chunked body without Content-Length", async () => {
    const answer = await raw({ "content-type": PROTO, "transfer-encoding": "chunked" }, [
      BODY.subarray(0, 1),
      BODY.subarray(1),
    ]);
    expect(answer.status).toBe(200);
    expect(rig.sink.batches[0]?.bytes).toEqual(BODY);
  });

  it("tells a sender that asks first to go on", async () => {
    const answer = await raw({ "content-type": PROTO, expect: "100-continue", "content-length": "2" }, [BODY]);
    expect(answer).toMatchObject({ status: 200, continued: true });
  });

  it("ignores a query string", async () => {
    expect((await post(BODY, { "content-type": PROTO }, "/v1/traces?x=1")).status).toBe(200);
  });
});

describe("partial success", () => {
  beforeEach(() => {
    rig.sink.answer = () => ({ accepted: 3, rejected: 2, message: "2 spans refused: trace id is all zero (2)" });
  });
  const expected = { rejectedSpans: 2, errorMessage: "2 spans refused: trace id is all zero (2)" };

  it("is told in protobuf", async () => {
    const response = await post(BODY);
    expect(response.status).toBe(200);
    expect(decodeExportResponse(await bytesOf(response))).toEqual(expected);
    expect(rig.count("spanloom_receiver_refused_spans_total")).toBe(2);
  });

  it("is told in JSON, the count as a string", async () => {
    const response = await post("{}", { "content-type": JSON_TYPE });
    expect(await response.json()).toEqual({ partialSuccess: { ...expected, rejectedSpans: "2" } });
  });

  it("is a warning when nothing was refused", async () => {
    rig.sink.answer = () => ({ accepted: 1, rejected: 0, message: "one name was mended" });
    expect(decodeExportResponse(await bytesOf(await post(BODY)))).toEqual({
      rejectedSpans: 0,
      errorMessage: "one name was mended",
    });
  });

  it.each([PROTO, JSON_TYPE])(
    "and a failure with more reasons than the 4 MiB of an answer hold are cut, as %s",
    async (type) => {
      const message = `200000 spans refused: ${Array.from({ length: 200_000 }, (_, i) => `the span id «${i}» is wrong`).join(", ")}`;
      const answerTo = () => post(type === PROTO ? BODY : "{}", { "content-type": type });
      rig.sink.answer = () => ({ accepted: 0, rejected: 200_000, message });
      const partial = await bytesOf(await answerTo());
      rig.sink.answer = () => {
        throw new PermanentError("malformed", message);
      };
      const failed = await bytesOf(await answerTo());
      const told =
        type === PROTO
          ? [decodeExportResponse(partial)?.errorMessage, decodeRpcStatus(failed).message]
          : [
              JSON.parse(String(Buffer.from(partial))).partialSuccess.errorMessage,
              JSON.parse(String(Buffer.from(failed))).message,
            ];
      for (const text of told) expect(text).toMatch(/^200000 spans refused: the span id «0» .*…$/);
      for (const body of [partial, failed]) expect(body.length).toBeLessThan(32_768);
    },
  );
});

describe("what is refused, with a google.rpc.Status each time", () => {
  it.each([
    ["GET", "/v1/traces", 405, 12, "GET is not allowed"],
    ["POST", "/", 404, 5, "POST /v1/traces"],
    ["GET", "/v1/logs", 405, 12, "GET is not allowed"],
    ["POST", "/v1development/profiles", 404, 5, "traces only"],
  ])("%s %s", async (method, path, status, code, text) => {
    const response = await fetch(`${rig.http}${path}`, { method, headers: { "content-type": PROTO } });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe(PROTO);
    const rpc = decodeRpcStatus(await bytesOf(response));
    expect(rpc.code).toBe(code);
    expect(rpc.message).toContain(text);
    expect(response.headers.get("allow")).toBe(status === 405 ? "POST" : null);
  });

  it.each([
    [{ "content-type": "text/plain" }, "text/plain"],
    [{ "content-type": "application/json", "content-encoding": "br" }, "gzip, deflate, zlib"],
  ])("415 for %j", async (headers, text) => {
    const response = await post(BODY, headers as unknown as Record<string, string>);
    expect(response.status).toBe(415);
    expect(response.headers.get("content-type")).toBe(JSON_TYPE);
    expect(await response.json()).toMatchObject({ code: 3, message: expect.stringContaining(text) });
    expect(rig.count("spanloom_receiver_refused_requests_total", { reason: "unsupported_media_type" })).toBe(1);
  });

  it.each([
    ["POST", "/v1/traces", { "content-encoding": "br" }, 415, 3],
    ["PUT", "/v1/traces", {}, 405, 12],
    ["POST", "/v1/profiles", {}, 404, 5],
    ["POST", "/v1/traces", { origin: "https://app.example" }, 403, 7],
  ] as const)("%s %s with %j in the request's own encoding, either", async (method, path, more, status, code) => {
    for (const type of [PROTO, JSON_TYPE]) {
      const headers = { "content-type": type, ...more } as Record<string, string>;
      const response = await fetch(`${rig.http}${path}`, { method, headers, body: "{}" });
      expect(response.status).toBe(status);
      expect(response.headers.get("content-type")).toBe(type);
      const bytes = await bytesOf(response);
      const rpc = type === PROTO ? decodeRpcStatus(bytes) : JSON.parse(Buffer.from(bytes).toString());
      expect(rpc).toEqual({ code, message: expect.stringMatching(/./) });
    }
  });

  it("417 for an expectation that is none of HTTP's", async () => {
    const text = await rawText(
      `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 417 /);
    expect(text).toContain('{"code":3,"message":"the only expectation');
    expect(rig.sink.batches).toEqual([]);
  });

  it("411 where the length is not told at all", async () => {
    const text = await rawText(`POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${JSON_TYPE}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 411 /);
    expect(text).toContain('"message":"the request has neither');
  });

  it("413 by Content-Length before the body is read", async () => {
    const answer = await raw({ "content-type": PROTO, expect: "100-continue", "content-length": "4097" }, []);
    expect(answer).toMatchObject({ status: 413, continued: false });
    expect(decodeRpcStatus(answer.body)).toMatchObject({ code: 8 });
    expect(decodeRpcStatus(answer.body).retryDelayMs).toBeUndefined();
  });

  it("413 while a chunked body passes the limit, and the rest is not kept", async () => {
    const answer = await raw({ "content-type": PROTO, "transfer-encoding": "chunked" }, [
      new Uint8Array(3_000),
      new Uint8Array(3_000),
    ]);
    expect(answer.status).toBe(413);
    expect(rig.sink.batches).toEqual([]);
    expect(rig.inFlight.usedBytes).toBe(0);
  });

  it("lets a sender that reads only after it has sent everything see the answer", async () => {
    const size = 16 * 1024 * 1024;
    const url = new URL(rig.http);
    const socket = connect(Number(url.port), url.hostname).pause();
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${PROTO}\r\nContent-Length: ${size}\r\n\r\n`,
    );
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.write(new Uint8Array(size), () => resolve());
    });
    const answer = await new Promise<Buffer>((resolve) => socket.once("data", resolve).resume());
    expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it("400 as JSON for what is no HTTP", async () => {
    const text = await rawText("NONSENSE\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('{"code":3,');
  });

  it("421 for a Host that is neither local nor configured", async () => {
    const text = await rawText(
      `POST /v1/traces HTTP/1.1\r\nHost: evil.example:4318\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 421 /);
    expect(rig.sink.batches).toEqual([]);
  });
});

describe("the error table, both ways", () => {
  const retryable: RetryableCode[] = ["overloaded", "storage_full", "storage_unavailable", "cancelled", "unreachable"];
  const permanent: [ErrorCode, number, number][] = [
    ["malformed", 400, 3],
    ["bad_request", 400, 3],
    ["unsupported_media_type", 415, 3],
    ["too_large", 413, 8],
    ["not_found", 404, 5],
    ["internal", 500, 13],
    ["storage_unavailable", 500, 13],
    ["cancelled", 500, 13],
  ];

  it.each(retryable)("RetryableError %s is retryable for the sender, with Retry-After", async (code) => {
    rig.sink.answer = () => {
      throw new RetryableError(code, "wait", 2_500);
    };
    const response = await post(BODY);
    expect(isRetryableHttpStatus(response.status)).toBe(true);
    expect(response.headers.get("retry-after")).toBe("3");
    expect(decodeRpcStatus(await bytesOf(response))).toEqual({ code: 14, message: "wait", retryDelayMs: 2_500 });
  });

  it.each(permanent)("PermanentError %s is final for the sender: %i", async (code, status, grpc) => {
    rig.sink.answer = () => {
      throw new PermanentError(code, "span 3 is wrong");
    };
    const response = await post("{}", { "content-type": JSON_TYPE });
    expect(response.status).toBe(status);
    expect(isRetryableHttpStatus(response.status)).toBe(false);
    expect(response.headers.get("retry-after")).toBeNull();
    expect(await response.json()).toEqual({ code: grpc, message: "span 3 is wrong" });
  });

  it("does not show a fault of the collector's own", async () => {
    rig.sink.answer = () => {
      throw new TypeError("secret is not a function");
    };
    const response = await post("{}", { "content-type": JSON_TYPE });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });
});

describe("the budget of bytes in flight", () => {
  it("refuses with 429, Retry-After and RetryInfo when it is used up, and takes again afterwards", async () => {
    const held = rig.inFlight.take(rig.inFlight.maxBytes, "others");
    const response = await post(BODY);
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(decodeRpcStatus(await bytesOf(response))).toMatchObject({ code: 14, retryDelayMs: 1_000 });
    held.release();
    expect((await post(BODY)).status).toBe(200);
    expect(rig.inFlight.usedBytes).toBe(0);
  });

  it("counts a gzip body with what it inflates to until the commit", async () => {
    let during = 0;
    rig.sink.answer = () => {
      during = rig.inFlight.usedBytes;
      return { accepted: 1, rejected: 0, message: "" };
    };
    const body = gzipSync(new Uint8Array(2_000));
    await post(body, { "content-type": PROTO, "content-encoding": "gzip" });
    expect(during).toBe(body.length + 2_000);
    expect(rig.inFlight.usedBytes).toBe(0);
  });

  it("gets back the bytes of a sender that goes away", async () => {
    const url = new URL(rig.http);
    const socket = connect(Number(url.port), url.hostname);
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${PROTO}\r\nContent-Length: 1000\r\n\r\n`,
    );
    socket.write(new Uint8Array(400));
    await eventually(() => rig.inFlight.usedBytes === 400);
    socket.destroy();
    await eventually(() => rig.inFlight.usedBytes === 0);
    await eventually(() => rig.count("spanloom_receiver_refused_requests_total", { reason: "cancelled" }) === 1);
    expect(rig.sink.batches).toEqual([]);
  });
});

describe("browsers", () => {
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/v1/traces`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-team" },
    });

  it("refuses foreign origins unless configured", async () => {
    const asked = await preflight(rig.http, "https://app.example");
    expect(asked.status).toBe(403);
    expect(asked.headers.get("access-control-allow-origin")).toBeNull();
    const sent = await post(BODY, { "content-type": PROTO, origin: "https://app.example" });
    expect(sent.status).toBe(403);
    expect(rig.sink.batches).toEqual([]);
  });

  it("answers configured origins", async () => {
    const open = await startReceiver({
      http: { cors: { allowed_origins: ["https://*.example"], allowed_headers: ["X-Team"], max_age: 600 } },
    });
    try {
      const asked = await preflight(open.http, "https://app.example");
      expect(asked.status).toBe(204);
      expect(Object.fromEntries(asked.headers)).toMatchObject({
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "Content-Type, Content-Encoding, X-Team",
        "access-control-max-age": "600",
        vary: "Origin",
      });
      const sent = await fetch(`${open.http}/v1/traces`, {
        method: "POST",
        body: BODY,
        headers: { "content-type": PROTO, origin: "https://app.example" },
      });
      expect(sent.status).toBe(200);
      expect(sent.headers.get("access-control-allow-origin")).toBe("https://app.example");
      expect((await preflight(open.http, "https://example.evil")).status).toBe(403);
    } finally {
      await open.close();
    }
  });
});

interface RawAnswer {
  readonly status: number;
  readonly continued: boolean;
  readonly body: Uint8Array;
}

/** A POST whose body is written in these parts, after 100 Continue where the headers ask for it. */
function raw(headers: Record<string, string>, parts: Uint8Array[]): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let continued = false;
    const request = httpRequest(`${rig.http}/v1/traces`, { method: "POST", headers }, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        request.destroy();
        resolve({ status: response.statusCode ?? 0, continued, body: new Uint8Array(Buffer.concat(chunks)) });
      });
    });
    request.on("error", reject);
    const send = (): void => {
      for (const part of parts) request.write(part);
      request.end();
    };
    if (headers.expect === undefined) send();
    else {
      request.flushHeaders();
      request.on("continue", () => {
        continued = true;
        send();
      });
    }
  });
}

function rawText(text: string): Promise<string> {
  const url = new URL(rig.http);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => socket.write(text));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString();
      if (answer.includes("}")) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}
