import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { HttpSender } from "./http-sender.ts";

it("gives a request up whose time is over before its body is compressed, and sends nothing", async () => {
  let asked = 0;
  // A destination that never answers.
  const server = createServer(() => asked++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`);
  const sender = new HttpSender({
    secure: false,
    headers: {},
    compression: "gzip",
    timeoutMs: 1,
    userAgent: "test",
    tls: { rejectUnauthorized: true },
    maxSockets: 1,
    onPlain() {},
  });
  try {
    const answer = await sender.post(url, randomBytes(8 * 1024 * 1024), "text/plain", new AbortController().signal);
    expect(answer).toEqual({ type: "failed", reason: "no answer within 1 ms" });
    expect(asked).toBe(0);
  } finally {
    sender.close();
    server.closeAllConnections();
    server.close();
  }
});
