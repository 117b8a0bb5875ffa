import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { EndpointResolver } from "../../../src/component/discovery.ts";
import type { LogFields } from "../../../src/component/logger.ts";
import { Metrics } from "../../../src/component/metrics.ts";
import type { AnyValue } from "../../../src/model/any-value.ts";
import { SPAN_KIND, type SpanRecord } from "../../../src/model/span.ts";
import { TracingProxy } from "../../../src/proxy/proxy.ts";
import { type ProxyConfigInput, proxyConfig } from "../../../src/proxy/proxy-config.ts";
import { eventually } from "../eventually.ts";
import { TEST_CERT, TEST_KEY } from "../tls.ts";

export { freePort } from "../free-port.ts";

export interface ProxyRig {
  readonly url: string;
  readonly port: number;
  readonly records: readonly SpanRecord[];
  readonly logged: readonly (LogFields & { message: string })[];
  readonly metrics: Metrics;
  /** Spans of one kind once there are `count` of them. */
  spans(kind: "server" | "client" | "internal", count: number): Promise<SpanRecord[]>;
  /** The signal ends what is under way. Default: after 2 s. */
  stop(signal?: AbortSignal): Promise<void>;
}

/** A proxy on a free port whose spans are kept. Stopped when the test ends. */
export async function startProxy(config: ProxyConfigInput, resolver?: EndpointResolver): Promise<ProxyRig> {
  const records: SpanRecord[] = [];
  const logged: (LogFields & { message: string })[] = [];
  const log = (message: string, fields: LogFields = {}): void => void logged.push({ ...fields, message });
  const metrics = new Metrics();
  const proxy = new TracingProxy(proxyConfig.parse({ endpoint: "127.0.0.1:0", ...config }), {
    exporter: {
      description: "test",
      async export(batch) {
        records.push(...batch);
        return { type: "delivered" };
      },
      async shutdown() {},
    },
    resolver,
    spanDelayMs: 5,
  });
  await proxy.start({
    logger: { debug: log, info: log, warn: log, error: log },
    metrics,
    userAgent: "spanloom/test",
  });
  const port = proxy.address?.port as number;
  const stop = (signal = AbortSignal.timeout(2_000)): Promise<void> => proxy.shutdown(signal);
  onTestFinished(() => stop());
  return {
    url: `${config.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    records,
    logged,
    metrics,
    stop,
    spans: (kind, count) =>
      eventually(`${count} ${kind} spans`, async () => {
        const found = records.filter(({ span }) => span.kind === SPAN_KIND[kind]);
        return found.length >= count ? found : false;
      }),
  };
}

export interface Upstream {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** Ends it at once, connections included. */
  kill(): Promise<void>;
}

/** An HTTP server on a free port, an express application too. Ended when the test ends. */
export async function startUpstream(handler: RequestListener, port = 0): Promise<Upstream> {
  const server = createServer(handler);
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const bound = (server.address() as AddressInfo).port;
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  onTestFinished(kill);
  return { url: `http://127.0.0.1:${bound}`, port: bound, server, kill };
}

/** Answers with the headers that arrived, as JSON. Names are as they were written, with their values in order. */
export function echoHeaders(request: IncomingMessage, response: ServerResponse): void {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    pairs.push([request.rawHeaders[i] as string, request.rawHeaders[i + 1] as string]);
  }
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: pairs }));
}

export interface Echoed {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
}

export function values({ headers }: Echoed, name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/** A connection of its own whose bytes the test decides. */
export class RawConnection {
  readonly socket: Socket;
  #text = "";
  #closed = false;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.setEncoding("latin1");
    this.socket.on("data", (chunk: string) => {
      this.#text += chunk;
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.#closed = true;
    });
    onTestFinished(() => void this.socket.destroy());
  }

  send(text: string | Buffer): this {
    this.socket.write(text);
    return this;
  }

  get text(): string {
    return this.#text;
  }

  /** What came so far, once it matches. */
  received(pattern: RegExp): Promise<string> {
    return eventually(`${pattern} on the socket, which has: ${this.#text}`, async () =>
      pattern.test(this.#text) ? this.#text : false,
    );
  }

  /** Reads what comes first, which has to match, and nothing after it. */
  async readsOnly(pattern: RegExp): Promise<string> {
    this.socket.once("data", () => this.socket.pause());
    return this.received(pattern);
  }

  closed(): Promise<string> {
    return eventually("the end of the connection", async () => (this.#closed ? this.#text : false));
  }
}

/** Attributes of a span by key, as plain values. */
export function attributes({ span }: SpanRecord): Record<string, unknown> {
  return Object.fromEntries(span.attributes.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: AnyValue): unknown {
  return "value" in value ? (typeof value.value === "bigint" ? Number(value.value) : value.value) : undefined;
}

export function sumOf(metrics: Metrics, name: string, labels: Record<string, string> = {}): number {
  return metrics
    .snapshot()
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** Files of the tests' certificate and its key. Gone with the test. */
export function certificate(): { cert_file: string; key_file: string } {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-proxy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const files = { cert_file: join(folder, "cert.pem"), key_file: join(folder, "key.pem") };
  writeFileSync(files.cert_file, TEST_CERT);
  writeFileSync(files.key_file, TEST_KEY);
  return files;
}
