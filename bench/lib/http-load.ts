import { Agent, request } from "node:http";
import { type LoadRequest, refresh } from "./per-service-set.ts";

export interface LoadResult {
  readonly spans: number;
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
  /** Acknowledgement times, ms, sorted. */
  readonly latencies: readonly number[];
}

export interface LoadSettings {
  readonly url: string;
  readonly pool: readonly LoadRequest[];
  readonly seconds: number;
  readonly connections: number;
  readonly contentType?: string;
  /** First pass number: loads that follow each other on one store must not repeat ids. */
  readonly firstPass: number;
}

/** Sends the pool round and round, every pass new traces, for the given time over keep-alive connections. */
export async function httpLoad(settings: LoadSettings): Promise<LoadResult & { readonly nextPass: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: settings.connections });
  const url = new URL(settings.url);
  const latencies: number[] = [];
  let spans = 0;
  let failed = 0;
  let next = 0;
  let pass = settings.firstPass;
  const started = performance.now();
  const deadline = started + settings.seconds * 1000;
  const busy = new Set<number>();

  const post = (body: Buffer) =>
    new Promise<number>((resolve, reject) => {
      const outgoing = request(
        url,
        {
          agent,
          method: "POST",
          headers: {
            "content-type": settings.contentType ?? "application/x-protobuf",
            "content-length": body.length,
          },
        },
        (response) => {
          response.resume();
          response.on("end", () => resolve(response.statusCode ?? 0));
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });

  async function sender(): Promise<void> {
    while (performance.now() < deadline) {
      const index = next++ % settings.pool.length;
      if (index === 0) pass++;
      if (busy.has(index)) continue;
      busy.add(index);
      const one = settings.pool[index] as LoadRequest;
      refresh(one, pass);
      const at = performance.now();
      const status = await post(one.body).catch(() => 0);
      latencies.push(performance.now() - at);
      busy.delete(index);
      if (status >= 200 && status < 300) spans += one.spans;
      else failed++;
    }
  }
  await Promise.all(Array.from({ length: settings.connections }, sender));
  agent.destroy();
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  return { spans, requests: latencies.length, failed, seconds, latencies, nextPass: pass + 1 };
}

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
