import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { eventually } from "../../test/support/eventually.ts";
import type { Endpoint } from "../component/endpoint.ts";
import { type LogFields, type Logger, SILENT_LOGGER } from "../component/logger.ts";
import type { Receiver, ReceiverFactory, ReceiverSettings } from "../component/receiver.ts";
import { receiverCommonConfig } from "../receivers/common-config.ts";
import { endpointSchema, parseEndpoint } from "../server/endpoint.ts";
import { HttpListener } from "../server/http-listener.ts";
import { createCollector } from "./collector.ts";
import { RECEIVERS } from "./config/builtin.ts";
import { parseConfig } from "./config/config.ts";
import { mergeConfig, type RawConfig } from "./config/config-sources.ts";
import { inProcessDefaults } from "./config/in-process.ts";
import { type Collector, runCollector } from "./run-collector.ts";

/** What the toys did, in order. */
let seen: string[] = [];
const collectors: Collector[] = [];
afterEach(async () => {
  await Promise.all(collectors.splice(0).map((collector) => collector.shutdown()));
  seen = [];
});

const textConfig = z.strictObject({
  ...receiverCommonConfig,
  endpoint: endpointSchema.default("127.0.0.1:7777"),
  service: z.string().default("text"),
});
type TextConfig = z.output<typeof textConfig>;

/** A datagram is the name of a span. What is not stored yet is stored when it stops. */
class TextReceiver implements Receiver {
  readonly #settings: ReceiverSettings;
  readonly #config: TextConfig;
  readonly #socket: Socket = createSocket("udp4");
  #addresses: Readonly<Record<string, Endpoint>> = {};
  #names: string[] = [];

  constructor(settings: ReceiverSettings, config: TextConfig) {
    this.#settings = settings;
    this.#config = config;
  }

  get addresses() {
    return this.#addresses;
  }

  async start(): Promise<void> {
    const { host, port } = parseEndpoint(this.#config.endpoint) as Endpoint;
    this.#socket.on("message", (message) => {
      this.#names.push(String(message));
      seen.push(`${this.#settings.name} got ${message}`);
    });
    this.#socket.bind(port, host);
    await once(this.#socket, "listening");
    this.#addresses = { datagrams: { host, port: this.#socket.address().port } };
    seen.push(`${this.#settings.name} started`);
  }

  async shutdown(): Promise<void> {
    this.#socket.close();
    const names = this.#names.splice(0);
    const spans = names.map((name, i) => ({
      traceId: String(i + 1).padStart(32, "0"),
      spanId: String(i + 1).padStart(16, "0"),
      name,
      startTimeUnixNano: `${Date.now()}000000`,
      endTimeUnixNano: `${Date.now()}000001`,
    }));
    const resource = { attributes: [{ key: "service.name", value: { stringValue: this.#config.service } }] };
    const result = await this.#settings.sink.append({
      format: "otlp_json",
      encoding: "identity",
      bytes: new Uint8Array(
        new TextEncoder().encode(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] })),
      ),
      maxBytes: 1_000_000,
      receivedAtMs: Date.now(),
      source: "text",
    });
    seen.push(`${this.#settings.name} stopped, stored ${result.accepted}`);
  }

  reloadTls(): void {
    seen.push(`${this.#settings.name} read its TLS files`);
  }
}

const textReceiver: ReceiverFactory<TextConfig> = {
  type: "text",
  stability: "development",
  config: textConfig,
  onByDefault: true,
  essential: false,
  listeners: [
    {
      name: "datagrams",
      title: "Text/UDP",
      setting: "endpoint",
      endpoint: ({ endpoint }) => endpoint,
      target: (_, authority) => `udp://${authority}`,
    },
  ],
  load: async () => void seen.push("text loaded"),
  create: (settings, config) => new TextReceiver(settings, config),
};

const portConfig = z.strictObject({ ...receiverCommonConfig, endpoint: endpointSchema.default("127.0.0.1:7778") });

/** Has a port, off unless it is named, and does nothing on it. */
const portReceiver: ReceiverFactory<z.output<typeof portConfig>> = {
  type: "port",
  stability: "development",
  config: portConfig,
  onByDefault: false,
  essential: false,
  listeners: [
    {
      name: "http",
      title: "Port",
      setting: "endpoint",
      endpoint: ({ endpoint }) => endpoint,
      target: (_, authority) => authority,
    },
  ],
  load: async () => {},
  create({ name }, { endpoint }) {
    const listener = new HttpListener({
      access: undefined,
      needOf: () => "nothing",
      name: { title: "port receiver", configKey: `receivers.${name}.endpoint`, usualOccupant: "a test" },
      endpoint,
      tls: undefined,
      logger: SILENT_LOGGER,
      handler: (_, response) => void response.end(),
      maxConnections: 1,
      keepAliveTimeoutMs: 1_000,
      headersTimeoutMs: 1_000,
      requestTimeoutMs: 1_000,
    });
    return {
      get addresses(): Readonly<Record<string, Endpoint>> {
        return listener.address === undefined ? {} : { http: listener.address };
      },
      start: async () => void (await listener.start()),
      shutdown: (signal) => listener.shutdown(signal),
      reloadTls() {},
    };
  },
};

const pullConfig = z.strictObject({ ...receiverCommonConfig });

/** Fetches what it takes and listens nowhere. */
const pullReceiver: ReceiverFactory<z.output<typeof pullConfig>> = {
  type: "pull",
  stability: "development",
  config: pullConfig,
  onByDefault: false,
  essential: false,
  listeners: [],
  load: async () => {},
  create: ({ name }) => ({
    addresses: {},
    start: async () => void seen.push(`${name} started`),
    shutdown: async () => Promise.reject(new Error(`${name} is stuck`)),
    reloadTls() {},
  }),
};

const TABLE = { ...RECEIVERS, text: textReceiver, port: portReceiver, pull: pullReceiver };

async function start(written: RawConfig = {}, logger: Logger = SILENT_LOGGER): Promise<Collector> {
  const merged = mergeConfig(inProcessDefaults(written, TABLE), written);
  const collector = await runCollector(parseConfig(merged, { name: "test" }, TABLE), { logger }, TABLE);
  collectors.push(collector);
  return collector;
}

function errorOf(receivers: unknown): string {
  try {
    parseConfig({ receivers }, { name: "test" }, TABLE);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the config was taken");
}

/** A logger that keeps what it is warned of and told of as an error. */
function listening(): { lines: [string, LogFields | undefined][]; logger: Logger } {
  const lines: [string, LogFields | undefined][] = [];
  const keep = (message: string, fields?: LogFields) => void lines.push([message, fields]);
  return { lines, logger: { ...SILENT_LOGGER, warn: keep, error: keep } };
}

describe("a receiver of the table", () => {
  it("runs by default, is shown with its address, and stops while the store still takes spans", async () => {
    const { endpoints, shutdown } = await start();
    expect(endpoints.receivers.map(({ title, receiver, listener }) => [title, receiver, listener])).toEqual([
      ["OTLP/gRPC", "otlp", "grpc"],
      ["OTLP/HTTP", "otlp", "http"],
      ["Zipkin/HTTP", "zipkin", "http"],
      ["Jaeger/HTTP", "jaeger", "http"],
      ["Jaeger sampling/HTTP", "remote_sampling", "http"],
      ["Jaeger sampling/gRPC", "remote_sampling", "grpc"],
      ["Text/UDP", "text", "datagrams"],
    ]);
    const address = endpoints.receivers.at(-1)?.address ?? "";
    expect(address).toMatch(/^udp:\/\/127\.0\.0\.1:\d+$/);
    const status = (await (await fetch(new URL("api/ui/status", endpoints.ui))).json()) as { endpoints: unknown };
    expect(status.endpoints).toEqual(endpoints);

    const sender = createSocket("udp4");
    sender.send("hello", Number(new URL(address).port), "127.0.0.1");
    await eventually("it has come", () => seen.includes("text got hello"));
    sender.close();
    await shutdown();
    expect(seen).toEqual(["text loaded", "text started", "text got hello", "text stopped, stored 1"]);
  });

  it("is turned off by `enabled: false`, and then neither loaded nor started", async () => {
    const { endpoints } = await start({
      receivers: Object.fromEntries(
        ["text", "otlp", "zipkin", "jaeger", "remote_sampling"].map((name) => [name, { enabled: false }]),
      ),
    });
    expect(seen).toEqual([]);
    expect(endpoints.receivers.map(({ title, address }) => [title, address])).toEqual([
      ["OTLP/gRPC", undefined],
      ["OTLP/HTTP", undefined],
      ["Zipkin/HTTP", undefined],
      ["Jaeger/HTTP", undefined],
      ["Jaeger sampling/HTTP", undefined],
      ["Jaeger sampling/gRPC", undefined],
      ["Text/UDP", undefined],
    ]);
    expect([endpoints.otlpHttp, endpoints.otlpGrpc]).toEqual([undefined, undefined]);
  });

  it("may be there several times, each with its own name, settings and port", async () => {
    const collector = await start({ receivers: { "text/second": { service: "other" }, "otlp/second": null } });
    expect(seen).toContain("text/second started");
    const { receivers, otlpHttp } = collector.endpoints;
    expect(receivers.map(({ title }) => title)).toContain("Text/UDP (text/second)");
    expect(new Set(receivers.map(({ address }) => address)).size).toBe(10);
    const second = receivers.find(({ title }) => title === "OTLP/HTTP (otlp/second)")?.address as string;
    expect(second).not.toContain(otlpHttp);
    const headers = { "content-type": "application/json" };
    expect((await fetch(second, { method: "POST", headers, body: "{}" })).status).toBe(200);
    const metrics = await (await fetch(new URL("metrics", collector.endpoints.ui))).text();
    expect(metrics).toContain('spanloom_receiver_requests_total{receiver="otlp/second",transport="http"} 1');
    expect(metrics).toContain('spanloom_receiver_requests_total{receiver="otlp",transport="http"} 0');
  });

  it("may listen nowhere, and one that cannot stop keeps nothing else from stopping", async () => {
    const { lines, logger } = listening();
    const { endpoints, shutdown } = await start({ receivers: { pull: {}, "pull/b": {} } }, logger);
    expect(endpoints.receivers.filter(({ receiver }) => receiver.startsWith("pull"))).toEqual([]);
    await shutdown();
    expect(seen).toEqual(["text loaded", "text started", "pull started", "pull/b started", "text stopped, stored 0"]);
    expect(lines).toEqual([["shutdown step failed: receivers", { error: "pull is stuck; pull/b is stuck" }]]);
  });

  it("reads its TLS files again with the config", async () => {
    const collector = await start();
    await collector.reload(parseConfig({}, { name: "test" }, TABLE));
    expect(seen).toContain("text read its TLS files");
  });
});

describe("a taken port", () => {
  async function takenPort(): Promise<{ endpoint: string; free: () => Promise<unknown> }> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    return { endpoint: `127.0.0.1:${port}`, free: () => new Promise((resolve) => server.close(resolve)) };
  }

  it("is one warning where the collector can do without, and everything else runs", async () => {
    const { endpoint, free } = await takenPort();
    const { lines, logger } = listening();
    const { endpoints } = await start({ receivers: { port: { endpoint } } }, logger);
    await free();
    expect(lines).toEqual([
      [
        "the collector runs without the receiver port",
        { reason: expect.stringMatching(/the port is taken.* Set receivers\.port\.endpoint to another host:port\.$/) },
      ],
    ]);
    expect(endpoints.receivers.find(({ receiver }) => receiver === "port")?.address).toBeUndefined();
    expect(endpoints.otlpHttp).toMatch(/^http:/);
  });

  it("is an error where it cannot, and what had started has stopped", async () => {
    const { endpoint, free } = await takenPort();
    const receivers = { "otlp/second": { protocols: { http: { endpoint } } } };
    await expect(start({ receivers })).rejects.toThrow("Set receivers.otlp/second.protocols.http.endpoint");
    await expect(createCollector({ receivers }, { logger: SILENT_LOGGER })).rejects.toMatchObject({
      code: "listen_failed",
    });
    await free();
    expect(seen).toEqual(["text loaded", "text started", "text stopped, stored 0"]);
  });
});

describe("the config of receivers", () => {
  it("names what is wrong with its place, and the nearest that is right", () => {
    expect(errorOf({ text: { endpiont: "x" } })).toBe(
      'test: receivers.text.endpiont: unknown key; did you mean "endpoint"?',
    );
    expect(errorOf({ "text/b": { service: 5 } })).toBe("test: receivers.text/b.service: expected a text (found 5)");
    expect(errorOf({ txet: {} })).toBe('test: receivers.txet: unknown type "txet"; did you mean "text"?');
    expect(errorOf({ "kafka/a": {} })).toBe(
      'test: receivers.kafka/a: unknown type "kafka"; known: otlp, zipkin, jaeger, remote_sampling, text, port, pull',
    );
    expect(errorOf({ text: 5 })).toBe("test: receivers.text: expected a mapping (found 5)");
    expect(errorOf(5)).toBe("test: receivers: expected a mapping (found 5)");
    expect(errorOf({ otlp: { protocols: { http: { tls: {} } } } })).toContain(
      "receivers.otlp.protocols.http.tls.cert_file: is missing; expected a text",
    );
  });

  it("refuses two listeners on one port, of a second receiver too, unless one is off", () => {
    expect(errorOf({ "text/b": {} })).toBe(
      'test: receivers.text/b.endpoint: expected a port of its own, but receivers.text.endpoint has it (found "127.0.0.1:7777")',
    );
    const receivers = { "text/b": {}, text: { enabled: false } };
    expect(parseConfig({ receivers }, { name: "test" }, TABLE).receivers).toMatchObject(receivers);
  });

  it("has those that run by default, named or not, and of the others those that are named", () => {
    const named = (receivers: RawConfig) => Object.keys(parseConfig({ receivers }, { name: "test" }, TABLE).receivers);
    expect(named({})).toEqual(["otlp", "zipkin", "jaeger", "remote_sampling", "text"]);
    expect(
      named({ pull: null, "otlp/b": { protocols: { grpc: { endpoint: ":1" }, http: { endpoint: ":2" } } } }),
    ).toEqual(["otlp", "zipkin", "jaeger", "remote_sampling", "text", "pull", "otlp/b"]);
  });
});

describe("the built-in receivers", () => {
  it("are listed by their types, and have listeners where they say", () => {
    for (const [type, factory] of Object.entries<ReceiverFactory>(RECEIVERS)) {
      expect(factory.type).toBe(type);
      for (const { setting } of factory.listeners) {
        const value = setting
          .split(".")
          .reduce<unknown>((node, key) => (node as RawConfig | undefined)?.[key], factory.config.parse({}));
        expect(parseEndpoint(String(value)), setting).toBeDefined();
      }
    }
  });
});
