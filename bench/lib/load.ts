import { type LoadRequest, refresh } from "./per-service-set.ts";

export interface LoadResult {
  readonly spans: number;
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
  /** Acknowledgement times, ms, sorted. */
  readonly latencies: readonly number[];
  /** First pass of a load that follows on the same store. */
  readonly nextPass: number;
}

export interface LoadSettings {
  readonly pool: readonly LoadRequest[];
  readonly seconds: number;
  /** Requests under way at once, one a connection. */
  readonly connections: number;
  /** First pass number: loads that follow each other on one store must not repeat ids. */
  readonly firstPass: number;
  /** Stops when so many spans were acknowledged. */
  readonly maxSpans?: number;
  /** Keeps to this rate where it is given, spans a second. */
  readonly spansPerSecond?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** Sends one body; true when it was acknowledged. */
export type Send = (body: Buffer) => Promise<boolean>;

export interface Sender {
  readonly send: Send;
  close(): void;
}

/** As few senders as keep the server busy: the smaller the requests, the more of them there are in the field. */
export function connectionsFor(spansPerRequest: number): number {
  return Math.min(64, Math.max(4, Math.round(512 / spansPerRequest)));
}

/** Sends the pool round and round, every pass new traces, for the given time. */
export async function runLoad(settings: LoadSettings, send: Send): Promise<LoadResult> {
  const latencies: number[] = [];
  const busy = new Set<number>();
  let spans = 0;
  let failed = 0;
  let next = 0;
  let pass = settings.firstPass;
  const started = performance.now();
  const deadline = started + settings.seconds * 1000;
  const { maxSpans = Number.POSITIVE_INFINITY, spansPerSecond, signal } = settings;

  async function sender(): Promise<void> {
    while (performance.now() < deadline && spans < maxSpans && signal?.aborted !== true) {
      if (spansPerSecond !== undefined) {
        const ahead = (spans / spansPerSecond) * 1000 - (performance.now() - started);
        if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
      }
      const index = next++ % settings.pool.length;
      if (index === 0) pass++;
      if (busy.has(index)) continue;
      busy.add(index);
      const one = settings.pool[index] as LoadRequest;
      refresh(one, pass);
      const at = performance.now();
      const acknowledged = await send(one.body).catch(() => false);
      latencies.push(performance.now() - at);
      busy.delete(index);
      if (acknowledged) spans += one.spans;
      else failed++;
    }
  }
  await Promise.all(Array.from({ length: settings.connections }, sender));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  return { spans, requests: latencies.length, failed, seconds, latencies, nextPass: pass + 1 };
}

/** The smallest value that a share `q` of them does not exceed (nearest rank); NaN of none. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;
}
