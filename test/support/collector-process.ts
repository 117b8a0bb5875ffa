import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The built command. */
export const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");

/** The environment without what the collector would take for settings, as the rounds of a long test. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SPANLOOM_")));
}

export interface CollectorProcess {
  readonly child: ChildProcess;
  /** URL of `/v1/traces`. */
  readonly otlpHttp: string;
  /** `host:port` */
  readonly otlpGrpc: string;
  /** URL with a slash at the end. */
  readonly ui: string;
  /** URL of Tempo's API, without a slash at the end. */
  readonly tempo: string;
  /** From the start of the process until it had said where it listens, ms. */
  readonly readyMs: number;
  /** Where the operating system tells; else undefined. */
  rssBytes(): number | undefined;
  /** Sends the signal; the exit code, or null where the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Runs the built command on free ports of loopback with `data` as its folder, and waits until it listens. */
export async function startCollectorProcess(data: string, set: readonly string[] = []): Promise<CollectorProcess> {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      MAIN,
      ...["--data", data, "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0"],
      ...["--ui", "127.0.0.1:0", "--registry-api", "127.0.0.1:0", "--log-level", "error"],
      ...set.flatMap((assignment) => ["--set", assignment]),
    ],
    { stdio: ["ignore", "pipe", "inherit"], env: plainEnvironment() },
  );
  const gone = new Promise<number | null>((done) => child.once("exit", (code) => done(code)));
  const banner = await new Promise<string>((done, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("data ")) done(text);
    });
    void gone.then((code) => reject(new Error(`the collector ended with ${code}: ${text}`)));
  });
  const readyMs = performance.now() - started;
  const address = (pattern: RegExp) => pattern.exec(banner)?.[1] as string;
  return {
    child,
    otlpHttp: address(/OTLP\/HTTP\s+(\S+)/),
    otlpGrpc: address(/OTLP\/gRPC\s+(\S+)/),
    ui: address(/web UI and Jaeger API\s+(\S+)/),
    tempo: address(/Tempo API\s+(\S+)/),
    readyMs,
    rssBytes() {
      if (process.platform !== "linux") return undefined;
      const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
    },
    end(signal) {
      child.kill(signal);
      return gone;
    },
  };
}
