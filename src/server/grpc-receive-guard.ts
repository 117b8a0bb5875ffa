import type { EventEmitter } from "node:events";
import { ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder, status } from "@grpc/grpc-js";
import { answerOf } from "./error-status.ts";
import { grpcStatusOf } from "./grpc-raw.ts";
import type { InFlightBudget, Reservation } from "./in-flight.ts";

type SentStatus = Parameters<ServerInterceptingCall["sendStatus"]>[0];

export interface ReceiveGuardOptions {
  readonly inFlight: InFlightBudget;
  /** Time for a whole message to arrive, ms. */
  readonly receiveTimeoutMs: number;
  readonly onRefused: (reason: ReceiveRefusal) => void;
}

/** Why a call was ended before its message was whole. */
export type ReceiveRefusal =
  | "overloaded"
  | "timeout"
  | "malformed"
  | "too_large"
  | "unsupported_media_type"
  | "transport";

/**
 * Watches calls until their message is whole: refuses one at its headers, or while it sends, when the budget is used up,
 * and ends one that is too slow. What was counted is given back right before the handler runs, which counts for itself.
 *
 * What the transport itself refuses (a message that is too long, or cannot be decompressed) never reaches a handler or
 * the status hook of an interceptor; it is seen by standing in front of the call's own `sendStatus`. grpc-js answers
 * corrupt compressed data with INTERNAL; it is the sender's fault, so it leaves here as INVALID_ARGUMENT.
 */
export function receiveGuard({ inFlight, receiveTimeoutMs, onRefused }: ReceiveGuardOptions): ServerInterceptor {
  return (_method, call) => {
    let timer: NodeJS.Timeout | undefined;
    let held: Reservation | undefined;
    let ended = false;
    const end = (): void => {
      ended = true;
      clearTimeout(timer);
      held?.release();
    };
    const send = call.sendStatus.bind(call);
    call.sendStatus = (answer) => {
      if (ended) {
        send(answer);
        return;
      }
      end();
      const refusal = transportRefusal(answer);
      onRefused(refusal.reason);
      send(refusal.answer);
    };
    const overloaded = (error: unknown): void => {
      end();
      onRefused("overloaded");
      send(grpcStatusOf(answerOf(error)));
    };
    const tooSlow = (): void => {
      end();
      onRefused("timeout");
      const details = `the message did not arrive within ${receiveTimeoutMs} ms`;
      send({ code: status.DEADLINE_EXCEEDED, details });
    };
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, proceed) => {
        try {
          inFlight.assertRoom();
          held = inFlight.take(0);
        } catch (error) {
          overloaded(error);
          return;
        }
        timer = setTimeout(tooSlow, receiveTimeoutMs);
        streamOf(call)?.on("data", (chunk: Uint8Array) => {
          if (ended) return;
          try {
            held?.grow(chunk.length);
          } catch (error) {
            overloaded(error);
          }
        });
        proceed(metadata);
      })
      .withOnReceiveHalfClose((proceed) => {
        end();
        proceed();
      })
      .withOnCancel(end)
      .build();
    return new ServerInterceptingCall(call, { start: (next) => next(listener) });
  };
}

/** What a status that grpc-js sends while it receives means, and how it is told. */
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
    case status.UNIMPLEMENTED:
      return { reason: "unsupported_media_type", answer };
    case status.DEADLINE_EXCEEDED:
      return { reason: "timeout", answer };
    default:
      return { reason: "transport", answer };
  }
}

/**
 * The HTTP/2 stream of a call. grpc-js gathers a message without telling anybody how much has come, and offers no other
 * way to see it; a release that keeps the stream elsewhere loses the count while receiving, nothing else.
 */
function streamOf(call: object): EventEmitter | undefined {
  return (call as { readonly stream?: EventEmitter }).stream;
}
