import type { EventEmitter } from "node:events";
import { ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder, status } from "@grpc/grpc-js";
import { answerOf } from "./error-status.ts";
import { grpcStatusOf } from "./grpc-raw.ts";
import type { InFlightBudget, Reservation } from "./in-flight.ts";

export interface ReceiveGuardOptions {
  readonly inFlight: InFlightBudget;
  /** Time for a whole message to arrive, ms. */
  readonly receiveTimeoutMs: number;
  readonly onRefused: (reason: "overloaded" | "timeout") => void;
}

/**
 * Watches calls until their message is whole: refuses one at its headers, or while it sends, when the budget is used up,
 * and ends one that is too slow. What was counted is given back right before the handler runs, which counts for itself.
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
    const overloaded = (error: unknown): void => {
      end();
      onRefused("overloaded");
      call.sendStatus(grpcStatusOf(answerOf(error)));
    };
    const tooSlow = (): void => {
      end();
      onRefused("timeout");
      const details = `the message did not arrive within ${receiveTimeoutMs} ms`;
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details });
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

/**
 * The HTTP/2 stream of a call. grpc-js gathers a message without telling anybody how much has come, and offers no other
 * way to see it; a release that keeps the stream elsewhere loses the count while receiving, nothing else.
 */
function streamOf(call: object): EventEmitter | undefined {
  return (call as { readonly stream?: EventEmitter }).stream;
}
