import { Metadata, type ServerInterceptingCallInterface, type StatusObject, status } from "@grpc/grpc-js";
import type { BatchEncoding } from "../../component/ingest.ts";
import { TAKEN_ENCODINGS } from "../inflate.ts";

type Listener = Parameters<ServerInterceptingCallInterface["start"]>[0];

/** How a call is answered: one of them, once. */
export interface UnaryReply {
  /** Who calls (RequestBudget). */
  readonly source: string;
  succeed(response: Uint8Array): void;
  fail(status: StatusObject): void;
}

/**
 * Takes the bytes of a whole message as they came, in the compression that is named, and replies when it has its
 * answer. It never throws.
 */
export type RawUnaryHandler = (message: Uint8Array, reply: UnaryReply, encoding: BatchEncoding) => void;

/** Values of grpc-encoding that are named to senders. `zlib`, a name of HTTP's, is taken too. */
export const GRPC_ENCODINGS: readonly string[] = TAKEN_ENCODINGS.filter((encoding) => encoding !== "zlib");

/** What a value of grpc-encoding says of a message; undefined for none that is taken. */
export function grpcEncoding(value: string): BatchEncoding | undefined {
  if (value === "zlib") return "deflate";
  return GRPC_ENCODINGS.includes(value) ? (value as BatchEncoding) : undefined;
}

/** The header by which an answer names them (gRPC, "Compression"). */
export function acceptedEncodings(metadata = new Metadata()): Metadata {
  metadata.set("grpc-accept-encoding", GRPC_ENCODINGS.join(","));
  return metadata;
}

/** Headers of every answer with a message. */
const ANSWER_HEADERS = acceptedEncodings();

const OK: Parameters<ServerInterceptingCallInterface["sendStatus"]>[0] = { code: status.OK, details: "OK" };

/**
 * One call of a unary method whose messages stay bytes, in place of grpc-js's own: that makes a stream for each call,
 * and ends it in a later turn than the one in which the answer was there, when the message is in the socket.
 */
export class UnaryCall implements Listener, UnaryReply {
  readonly #call: ServerInterceptingCallInterface;
  readonly #handler: RawUnaryHandler;
  /** Of the message, which is left to the handler to undo. */
  encoding: BatchEncoding = "identity";
  source = "";
  #message: Uint8Array | undefined;

  constructor(call: ServerInterceptingCallInterface, handler: RawUnaryHandler) {
    this.#call = call;
    this.#handler = handler;
  }

  onReceiveMetadata(): void {
    this.#call.startRead();
  }

  onReceiveMessage(message: Uint8Array): void {
    if (this.#message !== undefined) {
      this.#refuse("a unary method takes one message; a second came");
      return;
    }
    this.#message = message;
    this.#call.startRead();
  }

  onReceiveHalfClose(): void {
    const message = this.#message;
    if (message === undefined) {
      this.#refuse("a unary method takes one message; none came");
      return;
    }
    // The call outlives this turn, the message need not.
    this.#message = undefined;
    this.#handler(message, this, this.encoding);
  }

  onCancel(): void {
    this.#message = undefined;
  }

  succeed(response: Uint8Array): void {
    this.#call.sendMetadata(ANSWER_HEADERS);
    this.#call.sendMessage(response, nothing);
    this.#call.sendStatus(OK);
  }

  fail(answer: StatusObject): void {
    this.#call.sendStatus(answer);
  }

  #refuse(details: string): void {
    this.#call.sendStatus({ code: status.UNIMPLEMENTED, details });
  }
}

function nothing(): void {}
