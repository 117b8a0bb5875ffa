import { setTimeout as sleep } from "node:timers/promises";
import { encodeTraces } from "../codec/otlp/message/encode.ts";
import type { TracesData } from "../model/span.ts";
import { OtlpClient } from "../replay/otlp-client.ts";
import { countSpans, DemoShop, joinTraces } from "./generator.ts";
import { pastTraces, TRACE_MS, TRACES_A_REQUEST } from "./past-traces.ts";

export interface DemoSettings {
  /** OTLP/HTTP base. */
  readonly endpoint: string;
  /** For a collector with access control. */
  readonly token?: string | undefined;
  readonly seed: number;
  /** One shot: this many traces, spread over the last `spreadMs`. */
  readonly traces: number;
  readonly spreadMs: number;
  /** Steady instead: about this many spans a second, until the signal or `forMs`. */
  readonly spansPerSecond: number | undefined;
  readonly forMs: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (traces: number, spans: number) => void;
}

export interface DemoSummary {
  readonly traces: number;
  readonly spans: number;
  readonly requests: number;
  readonly rejectedSpans: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}

const TICK_MS = 200;

/** Sends the demo shop's traces to a collector. Throws as OtlpClient does. */
export async function sendDemo(settings: DemoSettings): Promise<DemoSummary> {
  const shop = new DemoShop(settings.seed);
  const client = new OtlpClient(settings.endpoint, settings.signal, settings.token);
  const tally = { traces: 0, spans: 0, requests: 0, rejectedSpans: 0 };
  const started = Date.now();

  const send = async (traces: readonly TracesData[]) => {
    const data = joinTraces(traces);
    const answer = await client.send(encodeTraces(data));
    if (answer === undefined) return;
    tally.traces += traces.length;
    tally.spans += countSpans(data);
    tally.requests++;
    tally.rejectedSpans += answer.rejected;
    settings.onProgress?.(tally.traces, tally.spans);
  };

  if (settings.spansPerSecond === undefined) await oneShot(settings, shop, send);
  else await steady(settings, shop, send, settings.spansPerSecond, () => tally.spans);
  return { ...tally, seconds: (Date.now() - started) / 1000, interrupted: settings.signal.aborted };
}

async function oneShot(
  settings: DemoSettings,
  shop: DemoShop,
  send: (traces: readonly TracesData[]) => Promise<void>,
): Promise<void> {
  for (const traces of pastTraces(shop, settings)) {
    if (settings.signal.aborted) return;
    await send(traces);
  }
}

async function steady(
  settings: DemoSettings,
  shop: DemoShop,
  send: (traces: readonly TracesData[]) => Promise<void>,
  spansPerSecond: number,
  sent: () => number,
): Promise<void> {
  const began = Date.now();
  while (!settings.signal.aborted) {
    const elapsed = Date.now() - began;
    if (settings.forMs !== undefined && elapsed >= settings.forMs) return;
    const wanted = ((elapsed + TICK_MS) / 1000) * spansPerSecond;
    let made = sent();
    let batch: TracesData[] = [];
    while (made < wanted && !settings.signal.aborted) {
      const data = shop.trace(BigInt(Date.now() - TRACE_MS) * 1_000_000n);
      made += countSpans(data);
      batch.push(data);
      if (batch.length === TRACES_A_REQUEST) {
        await send(batch);
        batch = [];
      }
    }
    if (batch.length > 0) await send(batch);
    await sleep(TICK_MS, undefined, { signal: settings.signal }).catch(() => {});
  }
}
