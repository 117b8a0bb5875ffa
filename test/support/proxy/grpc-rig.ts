import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Client as GrpcClient,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import { TEST_CERT, TEST_KEY } from "../tls.ts";
import type { ProxyRig } from "./rig.ts";

/** Messages as bytes. */
export const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/shop.Shop/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
/** A method of each of the four kinds. */
export const SERVICE = {
  Unary: method("Unary", false, false),
  Gather: method("Gather", true, false),
  Spread: method("Spread", false, true),
  Talk: method("Talk", true, true),
};
/** Channel options without a bound on messages. */
export const BIG = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

export type Unary = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => void;
export type Talk = (call: ServerDuplexStream<Buffer, Buffer>) => void;
/** What the methods of a server do. Each has something that it does by itself. */
export interface Handlers {
  readonly unary?: Unary;
  readonly spread?: (call: ServerWritableStream<Buffer, Buffer>) => void;
  readonly talk?: Talk;
}

export interface GrpcUpstream {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
}

/** A real gRPC server with the four methods. Stopped when the test ends. */
export async function startServer(handlers: Handlers = {}, tls = false, port = 0): Promise<GrpcUpstream> {
  const server = new Server(BIG);
  server.addService(SERVICE, {
    Unary:
      handlers.unary ??
      ((call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => done(null, call.request)),
    Gather: (call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      const parts: Buffer[] = [];
      call.on("data", (part: Buffer) => parts.push(part)).on("end", () => done(null, Buffer.concat(parts)));
    },
    Spread:
      handlers.spread ??
      ((call: ServerWritableStream<Buffer, Buffer>) => {
        for (const letter of call.request.toString()) call.write(Buffer.from(letter));
        call.end();
      }),
    Talk:
      handlers.talk ??
      ((call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on("data", (part: Buffer) => call.write(Buffer.from(part.toString().toUpperCase())));
        call.on("end", () => call.end());
      }),
  });
  const keys = tls
    ? ServerCredentials.createSsl(null, [{ private_key: Buffer.from(TEST_KEY), cert_chain: Buffer.from(TEST_CERT) }])
    : ServerCredentials.createInsecure();
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, keys, (error, given) => (error === null ? resolve(given) : reject(error)));
  });
  onTestFinished(() => server.forceShutdown());
  return { url: `${tls ? "https" : "http"}://127.0.0.1:${bound}`, port: bound, server };
}

/** A client of the proxy. Closed when the test ends. */
export function connectTo(proxy: ProxyRig): GrpcClient {
  const secure = proxy.url.startsWith("https");
  const keys = secure ? credentials.createSsl(Buffer.from(TEST_CERT)) : credentials.createInsecure();
  const client = new GrpcClient(`127.0.0.1:${proxy.port}`, keys, BIG);
  onTestFinished(() => client.close());
  return client;
}

/** What a client hears of a unary call. */
export interface Unaried {
  readonly error: ServiceError | null;
  readonly answer: Buffer | undefined;
  readonly headers: Metadata | undefined;
  readonly trailers: Metadata | undefined;
}

/** Makes a unary call. */
export function ask(
  client: GrpcClient,
  body: Buffer | string,
  metadata = new Metadata(),
  options = {},
): Promise<Unaried> {
  return new Promise((resolve) => {
    let headers: Metadata | undefined;
    let trailers: Metadata | undefined;
    const call = client.makeUnaryRequest(
      "/shop.Shop/Unary",
      same,
      same,
      Buffer.from(body as string),
      metadata,
      options,
      (error, answer) => setImmediate(() => resolve({ error, answer, headers, trailers })),
    );
    call.on("metadata", (given) => {
      headers = given;
    });
    call.on("status", ({ metadata: given }) => {
      trailers = given;
    });
  });
}

/** All that a stream of messages says, and how it ends. */
export async function heard(call: ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>) {
  const parts: string[] = [];
  call.on("data", (part: Buffer) => parts.push(part.toString()));
  call.on("error", () => {});
  const { code, details } = await new Promise<{ code: number; details: string }>((resolve) => {
    call.on("status", resolve);
  });
  return { parts, code, details };
}

/** An HTTP/2 server whose sessions and streams the test decides. */
export async function startHttp2() {
  const server = createServer();
  const sessions: ServerHttp2Session[] = [];
  const sockets: Socket[] = [];
  server.on("connection", (socket: Socket) => sockets.push(socket));
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {});
  });
  server.on("sessionError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { server, sessions, sockets, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
