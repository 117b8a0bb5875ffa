import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { fragmentOfNames } from "../../test/support/fragments.ts";
import { testHost } from "../../test/support/host.ts";
import type { ComponentFactory } from "../component/component.ts";
import { parseDiscoverEndpoint } from "../component/discover-endpoint.ts";
import type { EndpointResolver, ServiceInstance } from "../component/discovery.ts";
import { RetryableError } from "../component/errors.ts";
import type { Exporter, ExporterSettings } from "../component/export.ts";
import { jaegerExporter } from "./jaeger.ts";
import { otlpExporter } from "./otlp.ts";
import { otlpHttpExporter, otlphttpExporter } from "./otlp-http.ts";
import { zipkinExporter } from "./zipkin.ts";

// biome-ignore lint/suspicious/noExplicitAny: exporters of every config
type Factory = ComponentFactory<any, ExporterSettings, Exporter>;

const NEVER = new AbortController().signal;
const ONE = [fragmentOfNames(["GET /"])];
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

/** Hands out addresses in turn; undefined stands for no instance. Notes what it was told. */
class FakeResolver implements EndpointResolver {
  readonly resolved: string[] = [];
  readonly done: string[] = [];
  closed = 0;
  #next = 0;
  readonly #hosts: readonly (readonly [host: string, port: number] | undefined)[];

  constructor(hosts: readonly (readonly [host: string, port: number] | undefined)[]) {
    this.#hosts = hosts;
  }

  resolve(endpoint: string) {
    this.resolved.push(endpoint);
    const { service, tags, scheme, path } = parseDiscoverEndpoint(endpoint);
    return {
      service,
      tags,
      next: async () => {
        const found = this.#hosts[this.#next++ % this.#hosts.length];
        if (found === undefined) throw new RetryableError("unreachable", `no healthy instance of ${service}`);
        const [host, port] = found;
        const target = `${host}:${port}`;
        return {
          instance: { id: target, name: service, host, port } as ServiceInstance,
          url: scheme === "grpc" ? target : `${scheme}://${target}${path}`,
          done: (outcome: string) => void this.done.push(`${port} ${outcome}`),
        };
      },
      close: () => void this.closed++,
    };
  }
}

/** Answers every request with a status; gives its port and the paths it was asked for. */
async function peer(status: number): Promise<{ port: number; paths: string[] }> {
  const paths: string[] = [];
  const server: HttpServer = createServer((request, response) => {
    paths.push(request.url ?? "");
    request.resume().on("end", () => response.writeHead(status).end());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  cleanup.push(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return { port: (server.address() as AddressInfo).port, paths };
}

async function grpcPeer(): Promise<{ port: number; calls: () => number }> {
  const server = new Server();
  let calls = 0;
  const bytes = (value: Buffer) => value;
  server.addService(
    {
      Export: {
        path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    },
    {
      Export: (_call: unknown, answer: (error: null, value: Buffer) => void) => {
        calls++;
        answer(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  cleanup.push(() => server.forceShutdown());
  return { port, calls: () => calls };
}

async function started(factory: Factory, config: object, resolver?: EndpointResolver): Promise<Exporter> {
  const settings = { name: factory.type, writeStdout() {}, ...(resolver === undefined ? {} : { resolver }) };
  const exporter = factory.create(settings, factory.config.parse(config));
  await exporter.start(testHost());
  cleanup.push(() => exporter.shutdown(NEVER));
  return exporter;
}

describe.each([
  ["otlp_http", otlpHttpExporter, "/v1/traces"],
  ["otlphttp", otlphttpExporter, "/v1/traces"],
  ["jaeger", jaegerExporter, "/api/traces"],
  ["zipkin", zipkinExporter, "/api/v2/spans"],
] as const)("%s to a discovered service", (_name, factory, path) => {
  it("takes an instance for every request, and tells what became of it", async () => {
    const [up, busy] = [await peer(202), await peer(503)];
    const resolver = new FakeResolver([
      ["127.0.0.1", up.port],
      ["127.0.0.1", busy.port],
    ]);
    const exporter = await started(factory, { endpoint: "discover://collectors?tag=eu" }, resolver);
    expect(await exporter.export(ONE, NEVER)).toEqual({ type: "delivered" });
    expect(await exporter.export(ONE, NEVER)).toEqual({ type: "retry", reason: "HTTP 503" });
    expect(await exporter.export(ONE, NEVER)).toEqual({ type: "delivered" });
    expect(up.paths).toEqual([path, path]);
    expect(busy.paths).toEqual([path]);
    expect(resolver.done).toEqual([`${up.port} success`, `${busy.port} failure`, `${up.port} success`]);
    await exporter.shutdown(NEVER);
    expect(resolver.closed).toBe(1);
  });
});

describe("discover:// over HTTP", () => {
  it("keeps the endpoint's own path", async () => {
    const { port, paths } = await peer(202);
    const resolver = new FakeResolver([["127.0.0.1", port]]);
    const exporter = await started(jaegerExporter, { endpoint: "discover://jaeger/behind/a/proxy" }, resolver);
    await exporter.export(ONE, NEVER);
    expect(paths).toEqual(["/behind/a/proxy"]);
  });

  it("waits where there is no instance, and says why", async () => {
    const exporter = await started(zipkinExporter, { endpoint: "discover://zipkin" }, new FakeResolver([undefined]));
    const reason = "no healthy instance of zipkin";
    expect(await exporter.export(ONE, NEVER)).toEqual({ type: "retry", reason });
  });

  it("does not hold spans that are refused against the instance", async () => {
    const { port } = await peer(400);
    const resolver = new FakeResolver([["127.0.0.1", port]]);
    const exporter = await started(otlpHttpExporter, { endpoint: "discover://collectors" }, resolver);
    expect(await exporter.export(ONE, NEVER)).toMatchObject({ type: "rejected", count: 1 });
    expect(resolver.done).toEqual([`${port} success`]);
  });

  it.each([otlpExporter, otlpHttpExporter])("sends nothing to a link-local instance", async (factory: Factory) => {
    const resolver = new FakeResolver([["169.254.169.254", 80]]);
    const exporter = await started(factory, { endpoint: "discover://collectors" }, resolver);
    const outcome = await exporter.export(ONE, NEVER);
    expect(outcome).toMatchObject({ type: "retry", reason: expect.stringMatching(/collectors: .*link-local/) });
    expect(resolver.done).toEqual(["80 failure"]);
  });

  it("does not start where nothing can be looked up", async () => {
    await expect(started(otlpHttpExporter, { endpoint: "discover://collectors" })).rejects.toThrow(
      "exporters.otlp_http.endpoint: nothing here can look up discover://collectors",
    );
  });
});

describe("otlp to a discovered service", () => {
  it("keeps a channel to each instance, and tells what became of the call", async () => {
    const [one, two] = [await grpcPeer(), await grpcPeer()];
    const gone = await peer(200);
    await (cleanup.pop() as () => Promise<void>)();
    const resolver = new FakeResolver([
      ["127.0.0.1", one.port],
      ["127.0.0.1", gone.port],
      ["127.0.0.1", two.port],
    ]);
    const exporter = await started(otlpExporter, { endpoint: "discover://collectors" }, resolver);
    expect(resolver.resolved).toEqual(["discover://collectors?scheme=grpc"]);
    const types: string[] = [];
    for (let attempt = 0; attempt < 6; attempt++) types.push((await exporter.export(ONE, NEVER)).type);
    expect(types).toEqual(["delivered", "retry", "delivered", "delivered", "retry", "delivered"]);
    expect([one.calls(), two.calls()]).toEqual([2, 2]);
    const round = [`${one.port} success`, `${gone.port} failure`, `${two.port} success`];
    expect(resolver.done).toEqual([...round, ...round]);
  });

  it("waits where there is no instance, and says why", async () => {
    const exporter = await started(otlpExporter, { endpoint: "discover://nobody" }, new FakeResolver([undefined]));
    expect(await exporter.export(ONE, NEVER)).toEqual({ type: "retry", reason: "no healthy instance of nobody" });
  });
});

describe("config", () => {
  it.each([
    [otlpHttpExporter, { endpoint: "discover://" }, /no service is named/],
    [otlpHttpExporter, { endpoint: "discover://x?tga=a" }, /unknown key .*tga/],
    [otlpHttpExporter, { endpoint: "discover://x?scheme=grpc" }, /expected scheme http or https/],
    [otlpHttpExporter, { endpoint: "discover://x", tls: {} }, /add scheme=https/],
    [otlpExporter, { endpoint: "discover://x:4317" }, /no user, port or fragment/],
    [otlpExporter, { endpoint: "discover://x/v1/traces" }, /has no path/],
    [otlpExporter, { endpoint: "discover://x?scheme=http", tls: {} }, /has scheme=http/],
  ] as const)("refuses what cannot be used (case %#)", (factory: Factory, config, message) => {
    expect(JSON.stringify(factory.config.safeParse(config).error?.issues)).toMatch(message);
  });

  it.each([
    [otlpHttpExporter, { endpoint: "discover://x/base?tag=a&tag=b&scheme=https", tls: {} }],
    [otlpExporter, { endpoint: "discover://x?tag=a", tls: {} }],
    [otlpExporter, { endpoint: "discover://x?scheme=https", tls: {} }],
  ] as const)("takes what can be used (case %#)", (factory: Factory, config) => {
    expect(factory.config.safeParse(config).success).toBe(true);
  });
});
