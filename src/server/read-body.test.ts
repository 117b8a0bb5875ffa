import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { InFlightBudget } from "./limits/in-flight.ts";
import { readBody } from "./read-body.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const ownsMemory = (bytes: Uint8Array) => bytes.byteOffset === 0 && bytes.length === bytes.buffer.byteLength;

describe("a body", () => {
  it.each([
    ["one part", [1_000]],
    ["several parts", [70_000, 3, 100_000]],
    ["nothing", []],
  ])("that comes in %s over HTTP is whole, and in memory of its own", async (_, lengths) => {
    const budget = new InFlightBudget();
    const read = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    const server = createServer((request, response) => {
      readBody(request, 1_000_000, budget.take(0, "")).then(read.resolve, read.reject);
      response.end();
    });
    cleanups.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const parts = lengths.map((length, i) => new Uint8Array(length).fill(i + 1));
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      method: "POST",
      body: new ReadableStream({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      }),
      duplex: "half",
    } as RequestInit);
    const bytes = await read.promise;
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(ownsMemory(bytes)).toBe(true);
    expect(budget.usedBytes).toBe(bytes.length);
  });

  it("that is cut from memory of others is copied, so that handing it over leaves theirs alone", async () => {
    const theirs = Buffer.from("a request and what follows it");
    const stream = new PassThrough();
    const read = readBody(stream as unknown as IncomingMessage, 1_000, new InFlightBudget().take(0, ""));
    stream.end(theirs.subarray(2, 9));
    const bytes = await read;
    structuredClone(bytes, { transfer: [bytes.buffer] });
    expect(bytes.length).toBe(0);
    expect(theirs.toString()).toBe("a request and what follows it");
  });
});
