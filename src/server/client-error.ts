import { type IncomingMessage, maxHeaderSize, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { rpcStatusJson } from "../codec/rpc/status.ts";
import type { AccessRefusal } from "../component/access.ts";
import { grpcStatusOfHttp } from "./http-status.ts";
import { beginsTls, tlsToPlain } from "./sniff-protocol.ts";

/** What Node tells of bytes that are no HTTP/1.1. */
export interface ClientError {
  readonly code?: string;
  readonly rawPacket?: Uint8Array;
}

/** First line of every HTTP/2 connection (RFC 9113 §3.4). */
const PREFACE = "PRI * HTTP/2.0";

export function isHttp2Preface({ rawPacket }: ClientError): boolean {
  return rawPacket !== undefined && Buffer.from(rawPacket.subarray(0, PREFACE.length)).toString("latin1") === PREFACE;
}

const FRAME = { settings: 4, goAway: 7 } as const;
/** HTTP_1_1_REQUIRED (RFC 9113 §7). */
const HTTP11_REQUIRED = 13;

/** An HTTP/2 server's first words that are its last: empty SETTINGS, and GOAWAY with the reason as its debug data. */
export function goAway(reason: string): Buffer {
  const code = Buffer.alloc(8);
  code.writeUInt32BE(HTTP11_REQUIRED, 4);
  return Buffer.concat([
    frame(FRAME.settings, Buffer.alloc(0)),
    frame(FRAME.goAway, Buffer.concat([code, Buffer.from(reason)])),
  ]);
}

function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  return Buffer.concat([header, payload]);
}

/** A request, or a connection, that the listener refused by itself: no handler saw it. */
export interface ListenerRefusal {
  /** `http` is no HTTP/1.1 as it is read here; `tls` and `connections` have no answer. */
  readonly reason: "timeout" | "headers" | "http" | "method" | "connections" | "tls" | AccessRefusal["reason"];
  /** What the peer is told; of `tls` and `connections` what it would be told. */
  readonly message: string;
  /** Address of the peer, where it is known. */
  readonly sender?: string | undefined;
}

/** What a request's body fails with that the listener has answered, and told of, itself. */
export class AnsweredByListener extends Error {
  override readonly name = "AnsweredByListener";
}

/** True where the peer ended its side in the middle of a request: it went away, and its handler hears of that. */
export function endedEarly({ code }: ClientError): boolean {
  return code === "HPE_INVALID_EOF_STATE";
}

/** The settings of a listener, for what a refusal names. */
export interface ListenerSettings {
  /** `receivers.otlp.protocols.http`; undefined where the times are no settings. */
  readonly configPath: string | undefined;
  /** Where TLS is turned on; undefined where the listener has it. */
  readonly tlsSetting: string | undefined;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

type RefusedInput = Pick<ListenerRefusal, "reason" | "message"> & { readonly status: number };

/**
 * The refusal of what Node could not read as a request.
 * @param begun whether its headers were all there
 */
export function refusedInput(error: Error & ClientError, begun: boolean, settings: ListenerSettings): RefusedInput {
  if (error.code === "HPE_HEADER_OVERFLOW") {
    const message =
      `the headers have more than the ${maxHeaderSize} bytes that are read of them; ` +
      "Node's --max-http-header-size (in NODE_OPTIONS) sets that";
    return { status: 431, reason: "headers", message };
  }
  if (beginsTls(error.rawPacket) && !begun) {
    return { status: 400, reason: "tls", message: tlsToPlain(settings.tlsSetting) };
  }
  if (error.code !== "ERR_HTTP_REQUEST_TIMEOUT") {
    return { status: 400, reason: "http", message: `not readable as HTTP/1.1: ${error.message}` };
  }
  const { configPath, headersTimeoutMs, requestTimeoutMs } = settings;
  const [what, ms, key] = begun
    ? ["request", requestTimeoutMs, "read_timeout_ms"]
    : ["headers of a request", headersTimeoutMs, "read_header_timeout_ms"];
  const setting = configPath === undefined ? "" : `, which ${configPath}.${key} sets`;
  return { status: 408, reason: "timeout", message: `the ${what} did not arrive whole within ${ms} ms${setting}` };
}

/** What could not be read as HTTP gets a google.rpc.Status too, as JSON: its own type is not known. */
export function answerInput(socket: Duplex, { status, message }: Omit<RefusedInput, "reason">): void {
  const body = rpcStatusJson({ code: grpcStatusOfHttp(status), message });
  const length = Buffer.byteLength(body);
  socket.end(
    `HTTP/1.1 ${status} ${REASON_PHRASES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

const REASON_PHRASES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  405: "Method Not Allowed",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

/** Node's own answer to what is not 100-continue has no body. */
export function unmetExpectation({ headers }: IncomingMessage): string {
  return `the only expectation that is met is 100-continue, not ${JSON.stringify(headers.expect?.slice(0, 200))}`;
}

/** A google.rpc.Status, and the end of the connection. */
export function answerClosing(response: ServerResponse, status: number, message: string): void {
  response.shouldKeepAlive = false;
  const body = rpcStatusJson({ code: grpcStatusOfHttp(status), message });
  const length = Buffer.byteLength(body);
  const headers = { connection: "close", "content-type": "application/json", "content-length": length };
  response.writeHead(status, headers).end(body);
}
