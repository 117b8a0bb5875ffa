import { request } from "node:http";
import { connect as http2Connect } from "node:http2";
import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { EXPORT_PATH, type RecordingSink, startPostReceiver, startReceiver } from "../../test/support/receiver-rig.ts";
import type { AppendResult } from "../component/ingest.ts";
import { zipkinReceiver } from "./zipkin.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Sends so many bytes from an address of loopback; the status of the answer. */
type Send = (from: string, bytes: number) => Promise<number>;

function overHttp(url: string, type: string): Send {
  return (localAddress, bytes) =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": type, "content-length": bytes };
      const outgoing = request(url, { method: "POST", localAddress, headers, agent: false }, (response) => {
        expect(response.headers["retry-after"]).toBe(response.statusCode === 429 ? "1" : undefined);
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      });
      outgoing.on("error", reject).end(Buffer.alloc(bytes, "0"));
    });
}

function overGrpc(address: string): Send {
  const [host = "", port] = address.split(":");
  return (localAddress, bytes) =>
    new Promise((resolve, reject) => {
      const session = http2Connect(`http://${address}`, {
        createConnection: () => connect({ host, port: Number(port), localAddress }),
      });
      const stream = session.request({
        ":method": "POST",
        ":path": EXPORT_PATH,
        "content-type": "application/grpc",
        te: "trailers",
      });
      const head = Buffer.alloc(5);
      head.writeUInt32BE(bytes - 5, 1);
      const told = (headers: Record<string, unknown>) => {
        if (headers["grpc-status"] === undefined) return;
        resolve(Number(headers["grpc-status"]));
        session.close();
      };
      stream.on("response", told).on("trailers", told).on("error", reject).resume();
      stream.end(Buffer.concat([head, Buffer.alloc(bytes - 5, "0")]));
    });
}

interface Started {
  readonly send: Send;
  readonly sink: RecordingSink;
  readonly taken: number;
  readonly refused: number;
}

const INTAKES: readonly [string, () => Promise<Started>][] = [
  [
    "OTLP/HTTP",
    async () => {
      const rig = await startReceiver({ inFlightBytes: 100_000 });
      cleanups.push(rig.close);
      const send = overHttp(`${rig.http}/v1/traces`, "application/x-protobuf");
      return { send, sink: rig.sink, taken: 200, refused: 429 };
    },
  ],
  [
    "OTLP/gRPC",
    async () => {
      const rig = await startReceiver({ inFlightBytes: 100_000 });
      cleanups.push(rig.close);
      return { send: overGrpc(rig.grpc), sink: rig.sink, taken: 0, refused: 14 };
    },
  ],
  [
    "Zipkin",
    async () => {
      const rig = await startPostReceiver(zipkinReceiver, { inFlightBytes: 100_000 });
      cleanups.push(rig.close);
      return {
        send: overHttp(`${rig.http}/api/v2/spans`, "application/json"),
        sink: rig.sink,
        taken: 202,
        refused: 429,
      };
    },
  ],
];

it.each(INTAKES)("%s: a flood from one address leaves room for others", async (_name, start) => {
  const { send, sink, taken, refused } = await start();
  const [flood, honest] = ["127.0.0.1", "127.0.0.2"];
  const commits: ((result: AppendResult) => void)[] = [];
  let arrived = () => {};
  sink.answer = () =>
    new Promise((resolve) => {
      commits.push(resolve);
      arrived();
    });
  const answers: Promise<number>[] = [];
  /** Sends what waits for its commit. */
  const begin = async (from: string, bytes: number): Promise<void> => {
    const here = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    answers.push(send(from, bytes));
    await here;
  };
  const commit = () => commits.shift()?.({ accepted: 1, rejected: 0, message: "" });

  // Alone it may have everything.
  for (let i = 0; i < 3; i++) await begin(flood, 30_000);
  expect(await send(honest, 20_000)).toBe(refused);
  commit();
  expect(await answers[0]).toBe(taken);
  // What was refused waits: the room that is there is for it.
  expect(await send(flood, 30_000)).toBe(refused);
  await begin(honest, 20_000);
  expect(await send(flood, 1_000)).toBe(refused);
  for (const _ of [...commits]) commit();
  expect(await Promise.all(answers)).toEqual([taken, taken, taken, taken]);
});
