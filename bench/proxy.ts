// What the traced proxy adds: latency and requests per second beside a plain node:http proxy and no proxy at all.
//   npm run bench -- proxy [--seconds 4] [--connections 1,32] [--bytes 1024] [--dist dist] [--json]
// Upstream, each proxy and a sink for the spans are processes of their own; the load comes from this one.
import { Agent, get } from "node:http";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type MeasuredServer, startServer } from "./lib/server-process.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "1,32" },
    bytes: { type: "string", default: "1024" },
    dist: { type: "string", default: "dist" },
    json: { type: "boolean", default: false },
  },
});

interface Figures {
  readonly via: string;
  readonly connections: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of the proxy alone for one request, ms. */
  readonly cpuMsPerRequest: number | undefined;
}

/** A proxy runs for days: what its first thousands of requests cost until they are compiled is left out. */
const WARM_UP_MS = 2_000;

const UPSTREAM = `
const body = Buffer.alloc(Number(process.env.BYTES), 120);
require("node:http").createServer((request, response) => {
  response.setHeader("content-length", body.length);
  response.end(body);
}).listen(Number(process.env.PORT), "127.0.0.1");`;

const SINK = `
require("node:http").createServer((request, response) => {
  request.resume().on("end", () => response.end());
}).listen(Number(process.env.PORT), "127.0.0.1");`;

/** The least a node:http proxy can be. */
const PLAIN = `
const http = require("node:http");
const agent = new http.Agent({ keepAlive: true });
http.createServer((request, response) => {
  const { method, url: path, headers } = request;
  const upstream = http.request({ host: "127.0.0.1", port: process.env.UPSTREAM, method, path, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  upstream.on("error", () => response.destroy());
  request.pipe(upstream);
}).listen(Number(process.env.PORT), "127.0.0.1");`;

const servers: MeasuredServer[] = [];
try {
  const [upstream, sink, plain, traced, unsampled] = (await freePorts(5)) as [number, number, number, number, number];
  await script(UPSTREAM, upstream, { BYTES: values.bytes });
  await script(SINK, sink);
  const proxies: [via: string, port: number, server: MeasuredServer | undefined][] = [
    ["nothing", upstream, undefined],
    ["plain node:http", plain, await script(PLAIN, plain, { UPSTREAM: String(upstream) })],
    ["spanloom, every request traced", traced, await spanloom(traced, upstream, sink, 1)],
    ["spanloom, sampling 0", unsampled, await spanloom(unsampled, upstream, sink, 0)],
  ];
  const rows: Figures[] = [];
  for (const connections of values.connections.split(",").map(Number)) {
    for (const [via, port, server] of proxies) {
      await load(port, connections, WARM_UP_MS);
      const cpu = server?.cpuSeconds();
      const { count, times } = await load(port, connections, Number(values.seconds) * 1000);
      rows.push({
        via,
        connections,
        requestsPerSecond: Math.round(count / Number(values.seconds)),
        p50Ms: percentile(times, 0.5),
        p99Ms: percentile(times, 0.99),
        cpuMsPerRequest:
          server === undefined || cpu === undefined ? undefined : round(((server.cpuSeconds() - cpu) * 1000) / count),
      });
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
    }
  }
  if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else console.table(rows);
} finally {
  for (const server of servers) await server.stop();
}

async function script(program: string, port: number, env: Record<string, string> = {}): Promise<MeasuredServer> {
  const args = () => ["-e", program];
  const server = await startServer(process.execPath, args, () => answers(port), { ...env, PORT: String(port) });
  servers.push(server);
  return server;
}

async function spanloom(port: number, upstream: number, sink: number, sampling: number): Promise<MeasuredServer> {
  const args = [
    resolve(values.dist, "cli/main.js"),
    "proxy",
    ...["--listen", `127.0.0.1:${port}`, "--route", `http://127.0.0.1:${upstream}#shop`],
    ...["--otlp", `http://127.0.0.1:${sink}`, "--set", `proxy.sampling=${sampling}`],
  ];
  const server = await startServer(
    process.execPath,
    () => args,
    () => answers(port),
  );
  servers.push(server);
  return server;
}

/** Each connection asks again as soon as it is answered. */
async function load(port: number, connections: number, ms: number): Promise<{ count: number; times: number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  const until = performance.now() + ms;
  const one = async (): Promise<void> => {
    while (performance.now() < until) {
      const start = performance.now();
      await ask(port, agent);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  agent.destroy();
  return { count: times.length, times };
}

function ask(port: number, agent: Agent | false): Promise<void> {
  return new Promise((done, reject) => {
    get({ host: "127.0.0.1", port, path: "/items/7?q=1", agent }, (answer) => {
      answer.resume().once("error", reject);
      answer.once("end", () => (answer.statusCode === 200 ? done() : reject(new Error(`status ${answer.statusCode}`))));
    }).once("error", reject);
  });
}

async function answers(port: number): Promise<boolean> {
  await ask(port, false);
  return true;
}

async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    ports.push((server.address() as { port: number }).port);
    await new Promise((done) => server.close(done));
  }
  return ports;
}

function percentile(times: number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
