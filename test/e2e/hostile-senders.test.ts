import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip, gzipSync } from "node:zlib";
import { type Client, Metadata, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CollectorProcess, startCollectorProcess } from "../support/collector-process.ts";
import { eventually } from "../support/eventually.ts";
import { EXPORT_PATH, grpcCall, grpcClient } from "../support/receiver-rig.ts";
import { makeBody, range } from "../support/storage/batches.ts";

const MIB = 1024 * 1024;
const PROTOBUF = { "content-type": "application/x-protobuf" };

let folder: string;
let collector: CollectorProcess;
let client: Client;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-hostile-"));
  collector = await startCollectorProcess(join(folder, "data"));
  client = grpcClient(collector.otlpGrpc);
});
afterEach(async () => {
  client.close();
  await collector.end("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

let nextId = 1;
async function honest(): Promise<void> {
  const body = makeBody("honest", range(nextId, 10));
  nextId += 10;
  const response = await fetch(collector.otlpHttp, { method: "POST", headers: PROTOBUF, body });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
}

/** About 1 MiB that becomes 1 GiB. */
async function bomb(): Promise<Buffer<ArrayBuffer>> {
  const gzip = createGzip({ level: 9 });
  const packed: Buffer[] = [];
  gzip.on("data", (chunk: Buffer) => packed.push(chunk));
  const ended = new Promise<void>((resolve) => gzip.once("end", resolve));
  const zeros = Buffer.alloc(4 * MIB);
  for (let i = 0; i < 256; i++) {
    if (!gzip.write(zeros)) await new Promise((resolve) => gzip.once("drain", resolve));
  }
  gzip.end();
  await ended;
  return Buffer.concat(packed);
}

/** The greatest RSS while `work` runs, above what it was before, bytes; undefined where it cannot be seen. */
async function growth(work: () => Promise<void>): Promise<number | undefined> {
  const before = collector.rssBytes();
  let most = before ?? 0;
  const timer = setInterval(() => {
    most = Math.max(most, collector.rssBytes() ?? 0);
  }, 5);
  await work();
  clearInterval(timer);
  return before === undefined ? undefined : most - before;
}

describe("a gzip bomb", () => {
  it("is refused over HTTP and gRPC without being held, and honest senders go on", async () => {
    const packed = await bomb();
    expect(packed.length).toBeLessThan(1.2 * MIB);
    await honest();
    const grew = await growth(async () => {
      const headers = { ...PROTOBUF, "content-encoding": "gzip" };
      const response = await fetch(collector.otlpHttp, { method: "POST", headers, body: packed });
      expect(response.status).toBe(413);
      await response.arrayBuffer();
    });
    if (grew !== undefined) expect(grew).toBeLessThan(128 * MIB);
    const grewMore = await growth(async () => {
      const { error } = await grpcBomb();
      expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
    });
    if (grewMore !== undefined) expect(grewMore).toBeLessThan(128 * MIB);
    await honest();
  }, 60_000);

  /** grpc-js compresses a message itself: zeros that become next to nothing on the way. */
  async function grpcBomb() {
    const packer = grpcClient(collector.otlpGrpc, { "grpc.default_compression_algorithm": 2 });
    try {
      return await grpcCall(packer, EXPORT_PATH, Buffer.alloc(256 * MIB), new Metadata());
    } finally {
      packer.close();
    }
  }
});

describe("slow senders", () => {
  it("by the hundred, idle and trickling, do not hurt an honest one", async () => {
    const url = new URL(collector.otlpHttp);
    const grpc = new URL(`http://${collector.otlpGrpc}`);
    const sockets: Socket[] = [];
    const open = (port: string, text: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(Number(port), "127.0.0.1", () => {
          if (text !== "") socket.write(text);
          resolve();
        });
        socket.on("error", () => {});
        sockets.push(socket);
      });
    const body = gzipSync(makeBody("slow", range(1, 1)));
    const head =
      `POST ${url.pathname} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n` +
      `Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
    await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        i % 5 === 0 ? open(grpc.port, "") : open(url.port, ["", "POST /v1", head, `${head}x`][i % 4] as string),
      ),
    );
    const trickle = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write("x");
    }, 500);
    try {
      for (let i = 0; i < 50; i++) await honest();
      const { error } = await grpcCall(client, EXPORT_PATH, makeBody("honest", range(nextId, 10)));
      expect(error).toBeUndefined();
      // Those that have begun a request are shed: headers have 10 s, a whole request 15 s.
      const shed = () => sockets.filter(({ destroyed }) => destroyed).length;
      await eventually("slow requests are shed", () => shed() >= 250, 40_000);
    } finally {
      clearInterval(trickle);
      for (const socket of sockets) socket.destroy();
    }
    await honest();
  }, 90_000);
});
