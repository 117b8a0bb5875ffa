import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { httpSender } from "./http-load.ts";
import { connectionsFor, runLoad } from "./load.ts";
import { requestsOf } from "./measure.ts";
import { startSpanloom } from "./systems.ts";

export const FORWARDING_CASES = ["alone", "otlp_http", "otlp_http+gzip", "otlp", "otlp+gzip"] as const;
export type ForwardingCase = (typeof FORWARDING_CASES)[number];

export interface ForwardingFigures {
  readonly case: ForwardingCase;
  readonly spansPerCpuSecond: number;
  readonly spansPerSecond: number;
  /** Spans that waited in the log when the load ended. */
  readonly lagAtEnd: number;
  readonly rssMebibytes: number;
}

export interface Sink {
  readonly http: number;
  readonly grpc: number;
  stop(): void;
}

export async function startSink(): Promise<Sink> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./sink.js", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const ports = JSON.parse(line.toString()) as { http: number; grpc: number };
  return { ...ports, stop: () => child.kill() };
}

/** Ingest at full speed while everything is passed on to the sink; the CPU counts until the last span was taken. */
export async function measureForwarding(
  which: ForwardingCase,
  sink: Sink,
  options: { readonly dist: string; readonly seconds: number; readonly spansPerRequest: number },
): Promise<ForwardingFigures> {
  const server = await startSpanloom({ dist: options.dist, set: exporterOf(which, sink) });
  const connections = connectionsFor(options.spansPerRequest);
  const sender = httpSender(server.url, connections);
  try {
    const pool = requestsOf(options.spansPerRequest);
    const { seconds } = options;
    const warm = await runLoad({ pool, connections, seconds: Math.min(3, seconds / 2), firstPass: 1 }, sender.send);
    await drained(server.ui);
    const cpu = server.cpuSeconds();
    const result = await runLoad({ pool, connections, seconds, firstPass: warm.nextPass }, sender.send);
    const lagAtEnd = await lag(server.ui);
    const rssMebibytes = Math.round(server.rssBytes() / 1024 / 1024);
    await drained(server.ui);
    return {
      case: which,
      spansPerCpuSecond: Math.round(result.spans / (server.cpuSeconds() - cpu)),
      spansPerSecond: Math.round(result.spans / result.seconds),
      lagAtEnd,
      rssMebibytes,
    };
  } finally {
    sender.close();
    await server.stop();
  }
}

function exporterOf(which: ForwardingCase, sink: Sink): string[] {
  if (which === "alone") return [];
  const [type, gzip] = which.split("+", 2) as [string, string?];
  const endpoint = type === "otlp" ? `127.0.0.1:${sink.grpc}` : `http://127.0.0.1:${sink.http}`;
  return [
    `exporters.${type}.endpoint=${endpoint}`,
    `exporters.${type}.compression=${gzip === undefined ? "none" : "gzip"}`,
    `exporters.${type}.start_at=oldest`,
  ];
}

async function lag(ui: string): Promise<number> {
  const text = await (await fetch(`${ui}/metrics`)).text();
  return Number(/^spanloom_exporter_lag_spans\{[^}]*\} (\S+)$/m.exec(text)?.[1] ?? 0);
}

async function drained(ui: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while ((await lag(ui)) > 0) {
    if (Date.now() > deadline) throw new Error("the exporter did not catch up within 60 s");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
