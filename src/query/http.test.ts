import { request as httpRequest } from "node:http";
import { gunzipSync } from "node:zlib";
import createRouter from "router";
import { expect, it } from "vitest";
import { serve } from "../../test/support/query/serve.ts";
import { PermanentError, RetryableError } from "../component/errors.ts";
import type { ViewHost } from "../component/read.ts";
import { acceptsGzip, errorHandler, viewHandler } from "./http.ts";

const body = (status: number, code: string, message: string) => JSON.stringify({ status, code, message });

async function answer(view: ViewHost["view"], headers: Record<string, string> = {}, method = "GET") {
  const router = createRouter();
  router.get(
    "/x",
    viewHandler({ view }, body, () => ({ view: "v", params: {} })),
  );
  router.use(errorHandler(body));
  const served = await serve(router);
  try {
    return await new Promise<{ status: number; headers: Record<string, unknown>; bytes: Buffer }>((resolve, reject) => {
      const request = httpRequest(`${served.url}/x`, { headers, method }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
        );
      });
      request.on("error", reject).end();
    });
  } finally {
    await served.close();
  }
}

const giving = (text: string) => async () => ({
  status: 200,
  contentType: "text/x-test",
  body: new TextEncoder().encode(text),
});

it("compresses answers over 1 kB for clients elsewhere that take gzip, and says what they vary by", async () => {
  for (const length of [1024, 1025, 600_000]) {
    const text = "ab".repeat(length / 2).padEnd(length, "c");
    const zipped = await answer(giving(text), { "Accept-Encoding": "gzip", "X-Forwarded-For": "192.0.2.7" });
    const compressed = length > 1024;
    expect(zipped.headers["content-encoding"]).toBe(compressed ? "gzip" : undefined);
    expect((compressed ? gunzipSync(zipped.bytes) : zipped.bytes).toString()).toBe(text);
    expect(zipped.headers).toMatchObject({ vary: "Accept-Encoding", "content-type": "text/x-test" });
    expect(zipped.headers.etag).toBeUndefined();
    for (const headers of [{ "Accept-Encoding": "gzip" }, { "X-Forwarded-For": "192.0.2.7" }, {}] as const) {
      const plain = await answer(giving(text), headers);
      expect(plain.headers["content-encoding"]).toBeUndefined();
      expect(plain.bytes.toString()).toBe(text);
    }
  }
});

it("answers HEAD without a body", async () => {
  const head = await answer(giving("abc"), {}, "HEAD");
  expect(head.status).toBe(200);
  expect(head.headers["content-length"]).toBe("3");
  expect(head.bytes.length).toBe(0);
});

it.each([
  ["gzip", true],
  ["deflate, GZIP;q=0.5", true],
  ["*", true],
  ["*, gzip;q=0", false],
  ["gzip;q=0.0", false],
  ["br", false],
  [undefined, false],
])("accepts gzip in %s: %s", (header, expected) => expect(acceptsGzip(header)).toBe(expected));

it.each([
  [new PermanentError("bad_request", "m"), 400, "bad_request"],
  [new PermanentError("malformed", "m"), 400, "malformed"],
  [new PermanentError("not_found", "m"), 404, "not_found"],
  [new PermanentError("too_large", "m"), 413, "too_large"],
  [new PermanentError("data_format_unknown", "m"), 500, "data_format_unknown"],
  [new Error("m"), 500, "internal"],
])("gives %s its status in the API's own form", async (error, status, code) => {
  const got = await answer(() => Promise.reject(error));
  expect(got.status).toBe(status);
  expect(JSON.parse(got.bytes.toString())).toEqual({ status, code, message: "m" });
});

it("gives retryable errors their status and whole seconds to wait", async () => {
  const busy = await answer(() => Promise.reject(new RetryableError("overloaded", "m", 2_100)));
  expect(busy.status).toBe(429);
  expect(busy.headers["retry-after"]).toBe("3");
  const unsaid = await answer(() => Promise.reject(new RetryableError("storage_unavailable", "m")));
  expect(unsaid.status).toBe(503);
  expect(unsaid.headers["retry-after"]).toBe("1");
});

it("aborts the view when the client goes away", async () => {
  let aborted: () => void = () => {};
  const seen = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const router = createRouter();
  let started: () => void = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const view: ViewHost["view"] = (_name, _params, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        aborted();
        reject(new PermanentError("cancelled", "gone"));
      });
      started();
    });
  router.get(
    "/x",
    viewHandler({ view }, body, () => ({ view: "v", params: {} })),
  );
  const served = await serve(router);
  const request = httpRequest(`${served.url}/x`).on("error", () => {});
  request.end();
  await running;
  request.destroy();
  await seen;
  await served.close();
});
