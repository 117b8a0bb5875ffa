import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { type Metadata, type ServerInterceptingCallInterface, type ServerInterceptor, status } from "@grpc/grpc-js";
import type { AccessDecision, AccessRefusal } from "../../component/access.ts";
import type { RequestBudget, Reservation } from "../../component/receiver.ts";
import { sourceOf } from "../admission/admitted.ts";
import { type Due, DueList } from "../due-list.ts";
import { answerOf } from "../error-status.ts";
import { type CallGate, peerAddress, refusalStatus } from "./grpc-gate.ts";
import { FRAME_HEADER, grpcStatusOf } from "./grpc-raw.ts";
import { acceptedEncodings, GRPC_ENCODINGS, grpcEncoding, type RawUnaryHandler, UnaryCall } from "./grpc-unary.ts";

type Listener = Parameters<ServerInterceptingCallInterface["start"]>[0];
type SentStatus = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

export interface ReceiveGuardOptions {
  readonly inFlight: RequestBudget;
  /** Time for a whole message to arrive, ms. */
  readonly receiveTimeoutMs: number;
  readonly onRefused: (reason: ReceiveRefusal, message: string) => void;
  /** Who may call, by the path of the method; undefined where nobody is asked. */
  readonly admit?: CallGate | undefined;
  /** Handlers by path of method: `/package.Service/Method`. Other methods run as grpc-js runs them. */
  readonly handlers: ReadonlyMap<string, RawUnaryHandler>;
}

/** Why a call was ended before its message was whole, or a connection before there was a call. */
export type ReceiveRefusal =
  | AccessRefusal["reason"]
  | "wrong_port"
  | "connections"
  | "tls"
  | "overloaded"
  | "timeout"
  | "malformed"
  | "too_large"
  | "unsupported_media_type"
  | "transport";

/**
 * Watches calls until their message is whole: refuses one at its headers, or while it sends, when the budget is used
 * up, and ends one that is too slow. What was counted is given back right before the handler runs, which counts for
 * itself.
 *
 * It is one object a call, standing in front of the call's own methods. grpc-js's way, a call around the call with a
 * listener around the listener, costs several objects and closures for each message; and it would not see what the
 * transport itself refuses (a message that is too long, or cannot be decompressed), which never reaches a handler or
 * the status hook of an interceptor.
 */
export function receiveGuard(options: ReceiveGuardOptions): ServerInterceptor {
  const receiving = new DueList(options.receiveTimeoutMs);
  return (method, call) => {
    new Receiving(call, options, receiving, method.path).attach(options.handlers.get(method.path));
    return call as ReturnType<ServerInterceptor>;
  };
}

/**
 * What grpc-js calls with each piece of a message. It gathers them without telling anybody how much has come, and
 * offers no other way to see it; a release that renames this loses the count while receiving, nothing else.
 */
interface CallInternals {
  handleDataFrame?: (data: Uint8Array) => void;
  /**
   * Undoes the compression of a message, frame header included, here in the thread that listens, and holds all that it
   * becomes before anybody could count it. Where a handler takes compressed messages it is not asked.
   */
  decompressMessage?: (message: Uint8Array, encoding: string) => Uint8Array | Promise<Uint8Array>;
  /** Its own way to the certificate of a client reads all of it anew for each call. */
  stream?: ServerHttp2Stream;
}

function socketOf(call: ServerInterceptingCallInterface & CallInternals): Socket | undefined {
  return call.stream?.session?.socket;
}

class Receiving implements Due {
  dueAtMs = 0;
  before: Due | undefined;
  after: Due | undefined;
  readonly #call: ServerInterceptingCallInterface;
  readonly #options: ReceiveGuardOptions;
  readonly #receiving: DueList;
  readonly #start: ServerInterceptingCallInterface["start"];
  readonly #sendStatus: ServerInterceptingCallInterface["sendStatus"];
  readonly #path: string;
  #listener: Listener | undefined;
  #unary: UnaryCall | undefined;
  #charge: ((bytes: number) => void) | undefined;
  #held: Reservation | undefined;
  #ended = false;

  constructor(call: ServerInterceptingCallInterface, options: ReceiveGuardOptions, receiving: DueList, path: string) {
    this.#call = call;
    this.#path = path;
    this.#options = options;
    this.#receiving = receiving;
    this.#start = call.start;
    this.#sendStatus = call.sendStatus;
  }

  attach(handler: RawUnaryHandler | undefined): void {
    const call = this.#call as ServerInterceptingCallInterface & CallInternals;
    const unary = handler && new UnaryCall(call, handler);
    this.#unary = unary;
    call.start = (listener) => {
      this.#listener = unary ?? listener;
      this.#start.call(call, this);
    };
    const { decompressMessage } = call;
    if (unary !== undefined && decompressMessage !== undefined) {
      call.decompressMessage = (message, encoding) => {
        const taken = grpcEncoding(encoding);
        if (taken === undefined || taken === "identity") return decompressMessage.call(call, message, encoding);
        unary.encoding = taken;
        return message.subarray(FRAME_HEADER);
      };
    }
    call.sendStatus = (answer) => this.#answer(answer);
    const { handleDataFrame } = call;
    if (handleDataFrame === undefined) return;
    call.handleDataFrame = (data) => {
      if (this.#count(data.length)) handleDataFrame.call(call, data);
    };
  }

  onReceiveMetadata(metadata: Metadata): void {
    const { admit } = this.#options;
    const admission = admit?.(this.#path, metadata, this.#call.getPeer(), socketOf(this.#call));
    if (admission instanceof Promise) void admission.then((decided) => this.#decided(decided, metadata));
    else this.#decided(admission, metadata);
  }

  #decided(admission: AccessDecision | undefined, metadata: Metadata): void {
    if (this.#ended) return;
    if (admission?.admitted === false) {
      const { reason } = admission.refusal;
      this.#refuse(reason, refusalStatus(admission.refusal));
      return;
    }
    this.#charge = admission?.charge;
    const source = sourceOf(admission?.caller, peerAddress(this.#call.getPeer()));
    if (this.#unary !== undefined) this.#unary.source = source;
    const { inFlight } = this.#options;
    try {
      inFlight.assertRoom(source);
      this.#held = inFlight.take(0, source);
    } catch (error) {
      this.#overloaded(error);
      return;
    }
    this.#receiving.add(this);
    this.#listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: unknown): void {
    this.#listener?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    this.#end();
    this.#listener?.onReceiveHalfClose();
  }

  onCancel(): void {
    this.#end();
    this.#listener?.onCancel();
    // Node's list of a connection's streams may hold the call much longer, until V8's next full collection.
    this.#listener = undefined;
    this.#unary = undefined;
    this.#held = undefined;
  }

  /** The message did not arrive in time. */
  onDue(): void {
    const details = `the message did not arrive within ${this.#options.receiveTimeoutMs} ms`;
    this.#refuse("timeout", { code: status.DEADLINE_EXCEEDED, details });
  }

  /** False when the bytes do not fit, and the call has been told. */
  #count(bytes: number): boolean {
    this.#charge?.(bytes);
    if (this.#ended) return true;
    try {
      this.#held?.grow(bytes);
      return true;
    } catch (error) {
      this.#overloaded(error);
      return false;
    }
  }

  #answer(answer: SentStatus): void {
    if (this.#ended) {
      this.#sendStatus.call(this.#call, answer);
      return;
    }
    const refusal = transportRefusal(answer);
    this.#refuse(refusal.reason, refusal.answer);
  }

  #overloaded(error: unknown): void {
    this.#refuse("overloaded", grpcStatusOf(answerOf(error)));
  }

  #refuse(reason: ReceiveRefusal, answer: SentStatus): void {
    this.#end();
    this.#options.onRefused(reason, answer.details ?? "");
    this.#sendStatus.call(this.#call, answer);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#receiving.delete(this);
    this.#held?.release();
  }
}

/**
 * What a status that grpc-js sends while it receives means, and how it is told. It answers corrupt compressed data with
 * INTERNAL; that is the sender's fault, so it leaves here as INVALID_ARGUMENT.
 */
function transportRefusal(answer: SentStatus): {
  readonly reason: ReceiveRefusal;
  readonly answer: SentStatus;
} {
  switch (answer.code) {
    case status.INTERNAL:
      if (answer.details !== "Failed to decompress message") return { reason: "transport", answer };
      return {
        reason: "malformed",
        answer: { code: status.INVALID_ARGUMENT, details: "the message is not valid data of its grpc-encoding" },
      };
    case status.RESOURCE_EXHAUSTED:
      return { reason: "too_large", answer };
    case status.UNIMPLEMENTED: {
      const taken = `${GRPC_ENCODINGS.slice(0, -1).join(", ")} and ${GRPC_ENCODINGS.at(-1)}`;
      const details = `${answer.details}; the encodings that are taken are ${taken}`;
      const metadata = acceptedEncodings(answer.metadata ?? undefined);
      return { reason: "unsupported_media_type", answer: { ...answer, details, metadata } };
    }
    case status.DEADLINE_EXCEEDED:
      return { reason: "timeout", answer };
    default:
      return { reason: "transport", answer };
  }
}
