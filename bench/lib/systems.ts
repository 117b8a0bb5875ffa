import { createServer } from "node:net";
import { join, resolve } from "node:path";
import type { Format } from "./formats.ts";
import { type MeasuredServer, startServer } from "./server-process.ts";

/** A system under measurement and where it takes spans. */
export interface StartedSystem extends MeasuredServer {
  readonly name: string;
  /** Where it takes OTLP/HTTP, or Zipkin's for a system that has no OTLP. */
  readonly url: string;
  /** Where it takes each format, over HTTP. */
  readonly urls: Readonly<Partial<Record<Format, string>>>;
  /** host:port of OTLP/gRPC. */
  readonly grpc: string;
  /** Base URL of the read APIs. */
  readonly ui: string;
}

export interface SpanloomOptions {
  /** Folder of the compiled program, `dist`. */
  readonly dist: string;
  /** `--set` assignments. */
  readonly set?: readonly string[];
  readonly nodeArgs?: readonly string[];
  /** Data folder to go on with; default: a fresh one that is removed afterwards. */
  readonly data?: string;
  /** Config file. */
  readonly config?: string;
}

/** The collector. */
export async function startSpanloom({
  dist,
  set = [],
  nodeArgs = [],
  data,
  config,
}: SpanloomOptions): Promise<StartedSystem> {
  const [http, grpc, ui, registry] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const [zipkin, jaeger] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}/v1/traces`;
  const main = join(resolve(dist), "cli/main.js");
  const args = (folder: string) => [
    ...nodeArgs,
    main,
    ...(config === undefined ? [] : ["--config", config]),
    "--data",
    data ?? join(folder, "data"),
    "--otlp-http",
    `127.0.0.1:${http}`,
    "--otlp-grpc",
    `127.0.0.1:${grpc}`,
    "--ui",
    `127.0.0.1:${ui}`,
    "--registry-api",
    `127.0.0.1:${registry}`,
    "--set",
    `receivers.zipkin.endpoint=127.0.0.1:${zipkin}`,
    "--set",
    `receivers.jaeger.endpoint=127.0.0.1:${jaeger}`,
    "--set",
    "receivers.remote_sampling.http.endpoint=127.0.0.1:0",
    "--set",
    "receivers.remote_sampling.grpc.endpoint=127.0.0.1:0",
    ...set.flatMap((assignment) => ["--set", assignment]),
  ];
  const server = await startServer(process.execPath, args, () => answers(url));
  return {
    ...server,
    name: "spanloom",
    url,
    grpc: `127.0.0.1:${grpc}`,
    ui: `http://127.0.0.1:${ui}`,
    urls: urlsOf(url, jaeger, zipkin),
  };
}

/** What a Jaeger listens on besides, where another may run. */
const JAEGER_OTHERS = [
  "extensions.jaeger_query.grpc",
  "extensions.remote_sampling.http",
  "extensions.remote_sampling.grpc",
  "extensions.healthcheckv2.http",
  "extensions.expvar",
  "extensions.zpages",
  "receivers.jaeger.protocols.grpc",
  "receivers.jaeger.protocols.thrift_binary",
  "receivers.jaeger.protocols.thrift_compact",
];

/** `jaeger=PATH` of the v2 binary, run with its memory store, or `zipkin=JAR` of the executable jar, memory as well. */
export async function startPeer(assignment: string): Promise<StartedSystem> {
  const [name, path = ""] = assignment.split("=", 2) as [string, string?];
  if (name === "spanloom") return { ...(await startSpanloom({ dist: path })), name: `spanloom of ${path}` };
  const [http, grpc, ui] = [await freePort(), await freePort(), await freePort()];
  if (name === "jaeger") {
    const [thrift, zipkin] = [await freePort(), await freePort()];
    const others = await Promise.all(
      JAEGER_OTHERS.map(async (name) => `--set=${name}.endpoint=127.0.0.1:${await freePort()}`),
    );
    const url = `http://127.0.0.1:${http}/v1/traces`;
    const args = () => [
      `--set=receivers.otlp.protocols.http.endpoint=127.0.0.1:${http}`,
      `--set=receivers.otlp.protocols.grpc.endpoint=127.0.0.1:${grpc}`,
      `--set=receivers.jaeger.protocols.thrift_http.endpoint=127.0.0.1:${thrift}`,
      `--set=receivers.zipkin.endpoint=127.0.0.1:${zipkin}`,
      `--set=extensions.jaeger_query.http.endpoint=127.0.0.1:${ui}`,
      ...others,
      // On a port that cannot be set so.
      "--set=service.telemetry.metrics.level=none",
    ];
    const server = await startServer(resolve(path), args, () => answers(url));
    const urls = urlsOf(url, thrift, zipkin);
    return { ...server, name, url, grpc: `127.0.0.1:${grpc}`, ui: `http://127.0.0.1:${ui}`, urls };
  }
  if (name === "zipkin") {
    const base = `http://127.0.0.1:${http}`;
    const jar = resolve(path);
    const server = await startServer(
      "java",
      () => ["-jar", jar],
      async () => (await fetch(`${base}/health`)).ok,
      { QUERY_PORT: String(http), STORAGE_TYPE: "mem", LOGGING_LEVEL_ROOT: "ERROR" },
    );
    const url = `${base}/api/v2/spans`;
    return { ...server, name, url, grpc: "", ui: base, urls: { "zipkin-json": url, "zipkin-proto": url } };
  }
  throw new Error(`--peer ${assignment}: expected jaeger=PATH, zipkin=JAR or spanloom=DIST, another build of this`);
}

function urlsOf(otlp: string, jaegerPort: number, zipkinPort: number): Record<Format, string> {
  const zipkin = `http://127.0.0.1:${zipkinPort}/api/v2/spans`;
  const thrift = `http://127.0.0.1:${jaegerPort}/api/traces`;
  return { otlp, "zipkin-json": zipkin, "zipkin-proto": zipkin, "jaeger-thrift": thrift };
}

async function answers(url: string): Promise<boolean> {
  const headers = { "content-type": "application/x-protobuf" };
  return (await fetch(url, { method: "POST", headers, body: new Uint8Array(0) })).ok;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
