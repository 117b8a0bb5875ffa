import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { afterEach, expect, it } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import type { ViewHost } from "../../component/read.ts";
import { AnswerBounds, DEFAULT_ANSWER_LIMITS } from "../../query/answer-bounds.ts";
import { V3 } from "../../query/jaeger-grpc/messages.ts";
import { formatEndpoint } from "../../server/endpoint.ts";
import type { GrpcListener } from "../../server/grpc/grpc-listener.ts";
import { createGrpcQueries } from "./grpc-queries.ts";

const MESSAGE = 256 * 1024;
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

let listener: GrpcListener | undefined;
let session: ClientHttp2Session | undefined;
afterEach(async () => {
  session?.destroy();
  await listener?.shutdown(AbortSignal.abort());
});

/** Answers every view with messages without end. */
class Endless implements ViewHost {
  made = 0;
  cancelled = 0;

  async view() {
    const piece = () => {
      this.made++;
      return new Uint8Array(MESSAGE);
    };
    return {
      status: 200,
      contentType: "",
      body: piece(),
      rest: {
        pieceBytes: MESSAGE,
        ended: new Promise<void>(() => {}),
        next: async () => ({ bytes: piece(), last: false }),
        cancel: () => void this.cancelled++,
      },
    };
  }
}

const NO_ACCESS = { access: undefined, tls: undefined, endpoint: "127.0.0.1:0" } as const;

/** Asks for a trace, and reads nothing of the answer yet: HTTP/2 alone, as libraries of gRPC read ahead. */
async function ask(host: ViewHost, writeMs: number): Promise<ClientHttp2Stream> {
  const bounds = new AnswerBounds({ ...DEFAULT_ANSWER_LIMITS, writeMs });
  listener = createGrpcQueries({ ...NO_ACCESS, viewHost: host, bounds, logger: QUIET });
  session = connect(`http://${formatEndpoint(await listener.start())}`);
  const call = session.request({
    ":method": "POST",
    ":path": "/jaeger.api_v3.QueryService/GetTrace",
    "content-type": "application/grpc",
    te: "trailers",
  });
  const message = V3.getTrace.encode({ traceId: "1", startTime: null, endTime: null, rawTraces: false });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  call.end(Buffer.concat([head, message]));
  await once(call, "response");
  return call;
}

it("makes no more messages than the client takes, and ends one that takes none", async () => {
  const host = new Endless();
  const call = await ask(host, 200);
  await once(call, "close");
  expect(host.made).toBeLessThanOrEqual(2);
  expect(host.cancelled).toBe(1);
});

it("goes on as the client reads, and stops when it goes away", async () => {
  const host = new Endless();
  const call = await ask(host, 30_000);
  let read = 0;
  for await (const bytes of call as AsyncIterable<Buffer>) {
    read += bytes.length;
    if (read > 8 * MESSAGE) break;
  }
  await eventually("it is cancelled", async () => host.cancelled === 1);
  expect(host.made).toBeGreaterThanOrEqual(8);
  expect(host.made).toBeLessThanOrEqual(11);
});
