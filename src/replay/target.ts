import { setTimeout as sleep } from "node:timers/promises";
import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import { PermanentError } from "../component/errors.ts";
import type { Exporter } from "../component/export.ts";
import { backoffMs } from "../component/retry.ts";
import type { LogFragment } from "../model/log.ts";
import { messageOf } from "../model/message-of.ts";
import { OtlpClient, type SendResult } from "./otlp-client.ts";

/** A destination of a replay. */
export interface ReplayTarget {
  /** As messages name it: `otlphttp http://127.0.0.1:4318`. */
  readonly name: string;
  /**
   * Waits out what the destination cannot take now. Undefined where the signal aborted before it was taken.
   * @throws PermanentError where it does not answer, or goes on refusing what it was asked
   */
  send(spans: LogFragment, signal: AbortSignal): Promise<SendResult | undefined>;
  close(): Promise<void>;
}

/** A collector's OTLP/HTTP base, `http://127.0.0.1:4318`. @param token for one with access control */
export function otlpTarget(endpoint: string, signal: AbortSignal, token?: string): ReplayTarget {
  const client = new OtlpClient(endpoint, signal, token);
  return {
    name: `otlphttp ${endpoint}`,
    send: (spans) => client.send(materialiseBody([spans]) as Uint8Array<ArrayBuffer>),
    async close() {},
  };
}

const BACKOFF = { initialMs: 250, maxMs: 5_000, factor: 1.5 };
/** One that has taken spans is waited for about 20 s; one that never did is likely the wrong address. */
const ATTEMPTS = 9;
const FIRST_ATTEMPTS = 3;

/**
 * What an exporter sends to. The exporter was started; closing the target shuts it down.
 * @param name as in `ReplayTarget`
 */
export function exporterTarget(name: string, exporter: Exporter): ReplayTarget {
  let answered = false;

  const attempt = async (spans: LogFragment, signal: AbortSignal) => {
    try {
      return await exporter.export([spans], signal);
    } catch (error) {
      return { type: "retry", reason: messageOf(error) } as const;
    }
  };

  const send = async (spans: LogFragment, signal: AbortSignal): Promise<SendResult | undefined> => {
    for (let tries = 1; !signal.aborted; tries++) {
      const outcome = await attempt(spans, signal);
      if (outcome.type === "retry") {
        if (signal.aborted) return undefined;
        if (tries >= (answered ? ATTEMPTS : FIRST_ATTEMPTS)) {
          throw new PermanentError("unreachable", `${name} takes no spans: ${outcome.reason} (${tries} attempts)`);
        }
        const wait = backoffMs(tries - 1, BACKOFF, Math.random, outcome.afterMs);
        await sleep(wait, undefined, { signal }).catch(() => {});
        continue;
      }
      answered = true;
      if (outcome.type === "delivered") return { rejected: 0, message: outcome.warning ?? "" };
      if (outcome.type === "rejected") return { rejected: outcome.count, message: outcome.reason };
      if (spans.rows.length <= 1) return { rejected: spans.rows.length, message: outcome.reason };
      return halves(spans, signal);
    }
    return undefined;
  };

  const halves = async ({ block, rows }: LogFragment, signal: AbortSignal): Promise<SendResult | undefined> => {
    const middle = Math.ceil(rows.length / 2);
    const first = await send({ block, rows: rows.slice(0, middle) }, signal);
    const second = first && (await send({ block, rows: rows.slice(middle) }, signal));
    if (first === undefined || second === undefined) return undefined;
    return { rejected: first.rejected + second.rejected, message: first.message || second.message };
  };

  return { name, send, close: () => exporter.shutdown(AbortSignal.timeout(1_000)) };
}
