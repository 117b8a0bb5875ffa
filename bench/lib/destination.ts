// A destination of spans as a process of its own, which answers as it is told and can be killed.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { TraceScanner } from "../../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../src/codec/otlp/scan/scan-result.ts";

/** Takes what comes, refuses it retryably, or answers nothing. */
export type Behaviour = "take" | "refuse" | "silence";

export interface Destination {
  readonly url: string;
  readonly pid: number;
  behave(how: Behaviour): void;
  /** Spans that it has taken since it was started last, those that came twice counted twice. */
  taken(): Promise<number>;
  /** kill -9. */
  kill(): void;
  /** After `kill`: the same address again. */
  restart(): Promise<void>;
  stop(): void;
}

type Told = { readonly port: number } | { readonly behave: Behaviour } | "taken";

export async function startDestination(): Promise<Destination> {
  let [child, port] = await startChild(0);
  return {
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return child.pid as number;
    },
    behave: (how) => void child.send({ behave: how } satisfies Told),
    async taken() {
      const answer = once(child, "message");
      child.send("taken" satisfies Told);
      return ((await answer) as [number])[0];
    },
    kill: () => void child.kill("SIGKILL"),
    async restart() {
      [child, port] = await startChild(port);
    },
    stop: () => void child.kill("SIGKILL"),
  };
}

async function startChild(port: number) {
  const child = fork(fileURLToPath(import.meta.url), ["--destination"]);
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", (code) => {
    process.off("exit", kill);
    if (code !== null) throw new Error(`a destination ended by itself with ${code}`);
  });
  child.send({ port } satisfies Told);
  const [bound] = (await once(child, "message")) as [number];
  return [child, bound] as const;
}

if (process.argv[2] === "--destination") {
  const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
  let how: Behaviour = "take";
  let taken = 0;
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request).catch(() => undefined);
    if (body === undefined || how === "silence") return;
    if (how === "take") taken += scanner.scan(body).columns.count;
    response.writeHead(how === "take" ? 200 : 503, { "content-type": "application/x-protobuf" }).end();
  });
  process.on("message", (told: Told) => {
    if (told === "taken") process.send?.(taken);
    else if ("behave" in told) how = told.behave;
    else server.listen(told.port, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
  });
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return new Uint8Array(request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
}
