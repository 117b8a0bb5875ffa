import { CONTENT_TYPES, type Format, inFormat } from "./formats.ts";
import { grpcSender } from "./grpc-load.ts";
import { httpSender } from "./http-load.ts";
import { connectionsFor, quantile, runLoad, type Sender } from "./load.ts";
import { type LoadRequest, perServiceSet } from "./per-service-set.ts";
import type { StartedSystem } from "./systems.ts";

/** Other formats than OTLP are larger, and are made span by span: a part of the pool is enough. */
const FOREIGN_REQUESTS = 200;

export interface IngestFigures {
  readonly system: string;
  readonly transport: "http" | "grpc";
  readonly format: Format;
  readonly spansPerRequest: number;
  readonly connections: number;
  readonly spansPerCpuSecond: number;
  readonly spansPerSecond: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly rssMebibytes: number;
  readonly diskBytesPerSpan: number;
  readonly failedRequests: number;
}

export interface IngestRun {
  readonly transport: "http" | "grpc";
  /** Default: OTLP, or Zipkin JSON where a system has no OTLP. */
  readonly format?: Format;
  readonly spansPerRequest: number;
  readonly seconds: number;
  /** Default: by the size of the requests. */
  readonly connections?: number;
  /** CPU microseconds a span of every thread, for whom it may concern. */
  readonly onThreads?: (shares: readonly number[]) => void;
}

/** The per-service set in requests of exactly this size, or of at most this size where requests are large. */
export function requestsOf(spansPerRequest: number): LoadRequest[] {
  const traces = Math.max(800, Math.ceil((spansPerRequest * 16 * 4) / 20));
  return perServiceSet(traces, spansPerRequest).filter(
    ({ spans }) => spans === spansPerRequest || spansPerRequest > 64,
  );
}

/** What is sent to a server, and how. */
export interface Load {
  readonly format: Format;
  readonly connections: number;
  readonly pool: readonly LoadRequest[];
  readonly sender: Sender;
}

/** The requests of a run in a format that the server takes. */
export function openLoad(server: StartedSystem, run: IngestRun): Load {
  const { transport, spansPerRequest } = run;
  const connections = run.connections ?? connectionsFor(spansPerRequest);
  const format = run.format ?? (server.urls.otlp === undefined ? "zipkin-json" : "otlp");
  const url = server.urls[format];
  if (url === undefined) throw new Error(`${server.name} does not take ${format}`);
  const otlp = requestsOf(spansPerRequest);
  const pool = format === "otlp" ? otlp : otlp.slice(0, FOREIGN_REQUESTS).map((request) => inFormat(format, request));
  const sender =
    transport === "grpc" ? grpcSender(server.grpc, connections) : httpSender(url, connections, CONTENT_TYPES[format]);
  return { format, connections, pool, sender };
}

/** Warms the server up, then measures it under full load. */
export async function measureIngest(server: StartedSystem, run: IngestRun): Promise<IngestFigures> {
  const { transport, spansPerRequest, seconds } = run;
  const { format, connections, pool, sender } = openLoad(server, run);
  try {
    const warm = await runLoad({ pool, connections, firstPass: 1, ...warmUp(spansPerRequest, seconds) }, sender.send);
    const cpu = server.cpuSeconds();
    const threads = server.threads();
    const result = await runLoad({ pool, connections, seconds, firstPass: warm.nextPass }, sender.send);
    const used = server.cpuSeconds() - cpu;
    run.onThreads?.([...server.threads()].map(([id, busy]) => ((busy - (threads.get(id) ?? 0)) * 1e6) / result.spans));
    return {
      system: server.name,
      transport,
      format,
      spansPerRequest,
      connections,
      spansPerCpuSecond: Math.round(result.spans / used),
      spansPerSecond: Math.round(result.spans / result.seconds),
      ackP50Ms: round(quantile(result.latencies, 0.5)),
      ackP99Ms: round(quantile(result.latencies, 0.99)),
      rssMebibytes: Math.round(server.rssBytes() / 1024 / 1024),
      diskBytesPerSpan: Math.round(server.diskBytes() / (warm.spans + result.spans)),
      failedRequests: result.failed + warm.failed,
    };
  } finally {
    sender.close();
  }
}

/** Small requests are few where the disk is slow, and the program is not compiled before it has seen many. */
function warmUp(spansPerRequest: number, seconds: number): { readonly seconds: number; readonly maxSpans?: number } {
  if (spansPerRequest > 8) return { seconds: Math.min(3, seconds / 2) };
  return { seconds: 12, maxSpans: 15_000 * spansPerRequest };
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
