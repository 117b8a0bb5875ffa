import { Agent, request as send } from "node:http";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeToken } from "../../src/access/secrets.ts";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { createControlApp } from "../../src/app/ui-port/control-app.ts";
import { createApiRoutes } from "../../src/app/ui-port/http-app.ts";
import { createLogin } from "../../src/app/ui-port/login.ts";
import type { UiSessions } from "../../src/app/ui-port/ui-sessions.ts";
import { HEALTH_CHECK_PATH } from "../../src/codec/rpc/health.ts";
import { type AccessScope, SCOPES } from "../../src/component/access.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import { createConsulRoutes } from "../../src/discovery/server/consul-routes.ts";
import { createRegistryRoutes } from "../../src/discovery/server/registry-routes.ts";
import { AnswerBounds } from "../../src/query/answer-bounds.ts";
import { jaegerQueryServices } from "../../src/query/jaeger-grpc/services.ts";
import { createTempoRoutes } from "../../src/query/tempo/routes.ts";
import { createZipkinRoutes } from "../../src/query/zipkin/routes.ts";
import { ACCESS_LINES, OTHER_LINES } from "../support/access-lines.ts";
import { EXPORT_PATH, grpcCall, grpcClient } from "../support/receiver-rig.ts";
import { type RegisteredRoute, routesOf } from "../support/routes-of.ts";

type Listener = keyof typeof OTHER_LINES;

const TOKENS = Object.fromEntries(SCOPES.map((scope) => [scope, makeToken()])) as Record<AccessScope, string>;

/** What nobody has who may do something. */
const NOBODY: readonly Record<string, string>[] = [
  {},
  { authorization: `Bearer ${makeToken()}` },
  { authorization: "Bearer" },
  { authorization: `Basic ${Buffer.from("ingest:wrong").toString("base64")}` },
  { "x-spanloom-caller": "root admin,read,ingest,registry" },
  { cookie: `spanloom-session=${TOKENS.read}` },
];
const AGENT = new Agent({ keepAlive: true, maxSockets: 8 });

interface Line {
  readonly method: string;
  readonly path: string;
  /** Empty: nothing is needed. */
  readonly scopes: readonly string[];
}

function linesOf(text: string): Line[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [method = "", path = "", scopes = ""] = line.trim().split(" ");
      return { method, path, scopes: scopes === "nothing" ? [] : scopes.split(",") };
    });
}

/** The routers of the application, made as it makes them. */
function registered(): Record<keyof typeof ACCESS_LINES, readonly RegisteredRoute[]> {
  const unasked = async (): Promise<never> => {
    throw new Error("nobody asks");
  };
  const viewHost = { view: unasked };
  const bounds = new AnswerBounds();
  const closing = new AbortController().signal;
  const both = { tokens: [], anyCheckTarget: false, logger: SILENT_LOGGER, closing };
  const registry = createRegistryRoutes({ ...both, local: {} as never });
  const login = createLogin({ asksForUser: false } as UiSessions, SILENT_LOGGER);
  const api = { viewHost, bounds, closing, basePath: "/", besideForeign: false };
  const control = { admin: {} as never, sink: {} as never, registry, notReady: () => undefined, logger: SILENT_LOGGER };
  const node = { name: "n", address: "127.0.0.1", datacenter: "dc1" };
  return {
    ui: routesOf(createApiRoutes({ ...api, login, control: () => {}, mcp: { version: "1" } })),
    control: routesOf(createControlApp({ ...control, metrics: unasked, status: unasked })),
    registry: routesOf(createConsulRoutes({ ...both, registry: {} as never, node, version: "1" })),
    tempo: routesOf(createTempoRoutes(viewHost, bounds, "spanloom/1")),
    zipkin: routesOf(createZipkinRoutes(viewHost, bounds, [])),
  };
}

describe("the lines of access control", () => {
  it.each(Object.entries(registered()))("name every route of %s, and no other", (listener, routes) => {
    const lines = linesOf(ACCESS_LINES[listener as keyof typeof ACCESS_LINES]);
    const textOf = ({ method, path }: RegisteredRoute) => `${method} ${path}`;
    expect(routes.length).toBeGreaterThan(5);
    expect([...new Set(routes.map(textOf))].sort()).toEqual(lines.map(textOf).sort());
  });
});

describe("a collector with access control", () => {
  let collector: Collector;
  const addresses = {} as Record<Listener, string>;

  beforeAll(async () => {
    const tokens = Object.fromEntries(SCOPES.map((scope) => [scope, { token: TOKENS[scope], scopes: [scope] }]));
    collector = await createCollector(
      { access: { tokens }, ui: { mcp: { enabled: true } } },
      { logger: SILENT_LOGGER },
    );
    const { endpoints } = collector;
    const receiver = (name: string) =>
      new URL(endpoints.receivers.find((one) => one.receiver === name && one.listener === "http")?.address as string)
        .origin;
    Object.assign(addresses, {
      ui: new URL(endpoints.ui).origin,
      otlp_http: endpoints.otlpHttp,
      zipkin: receiver("zipkin"),
      jaeger: receiver("jaeger"),
      remote_sampling: receiver("remote_sampling"),
      registry: endpoints.registry,
      tempo: endpoints.tempo,
    });
  });
  afterAll(async () => {
    AGENT.destroy();
    await collector.shutdown();
  });

  const asked: (readonly [Listener, Line])[] = [
    ...linesOf(ACCESS_LINES.ui).flatMap((line) => (line.scopes[0] === "control" ? [] : [["ui", line] as const])),
    ...linesOf(ACCESS_LINES.control).map((line) => ["ui", line] as const),
    ...(["registry", "tempo", "zipkin"] as const).flatMap((name) =>
      linesOf(ACCESS_LINES[name]).map((line) => [name, line] as const),
    ),
    ...(Object.entries(OTHER_LINES) as [Listener, string][]).flatMap(([name, text]) =>
      linesOf(text).map((line) => [name, line] as const),
    ),
  ];

  it.each(asked.map(([listener, line]) => [listener, line.method, line.path, line] as const))(
    "%s: %s %s is for those who may",
    async (listener, _method, pattern, { method, scopes }) => {
      const path = pattern.replace(/\{?\/\*\w+\}?/g, "/x").replace(/:\w+/g, "1");
      const every = scopes.length === 0 ? ["GET", "HEAD"] : ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
      const methods = method === "ALL" ? every : [method];
      const ask = (verb: string, headers: Record<string, string>) => answerOf(addresses[listener], verb, path, headers);
      const unknown = methods.flatMap((verb) =>
        NOBODY.map(async (headers) => {
          const { status, challenge } = await ask(verb, headers);
          const wanted = scopes.length === 0 ? undefined : 'Bearer realm="spanloom"';
          expect([verb, headers, challenge]).toEqual([verb, headers, wanted]);
          // A login without a token is answered with its page, and that is a 401 too.
          if (scopes.length > 0) expect([verb, headers, status]).toEqual([verb, headers, 401]);
          else if (verb !== "POST") expect([verb, headers, status]).toEqual([verb, headers, 200]);
        }),
      );
      const known = methods.flatMap((verb) =>
        SCOPES.map(async (scope) => {
          const { status, text } = await ask(verb, { authorization: `Bearer ${TOKENS[scope]}` });
          const refused =
            (status === 401 && scopes.length > 0) ||
            (status === 403 && (verb === "HEAD" || text.includes("needs the scope")));
          const wanted = scopes.length === 0 || scopes.includes(scope);
          expect([verb, scope, !refused, status]).toEqual([verb, scope, wanted, status]);
        }),
      );
      await Promise.all([...unknown, ...known]);
    },
  );

  it("takes a token in every form that clients have", async () => {
    const basic = (user: string) => `Basic ${Buffer.from(`${user}:${TOKENS.read}`).toString("base64")}`;
    const forms: Record<string, string>[] = [
      { authorization: `bearer ${TOKENS.read}` },
      { "x-consul-token": TOKENS.read },
      { authorization: basic("anybody") },
      { authorization: basic("") },
    ];
    for (const headers of forms) {
      expect([headers, (await answerOf(addresses.ui, "GET", "/api/services", headers)).status]).toEqual([headers, 200]);
    }
  });

  it("asks the same of gRPC, but for its health", async () => {
    const { endpoints } = collector;
    const sampling = endpoints.receivers.find((one) => one.receiver === "remote_sampling" && one.listener === "grpc");
    const views = { view: async () => Promise.reject(new Error()) };
    const queries = jaegerQueryServices(views, new AnswerBounds()).flatMap(({ definition }) =>
      Object.values(definition).map(({ path }) => path),
    );
    const calls: [string | undefined, string, readonly AccessScope[]][] = [
      [endpoints.otlpGrpc, EXPORT_PATH, ["ingest"]],
      [sampling?.address, "/jaeger.api_v2.SamplingManager/GetSamplingStrategy", ["ingest", "read"]],
      ...queries.map((path): [string | undefined, string, readonly AccessScope[]] => [
        endpoints.queryGrpc,
        path,
        ["read"],
      ]),
    ];
    expect(queries.length).toBeGreaterThan(8);
    for (const [address, path, scopes] of calls) {
      const client = grpcClient(address as string);
      const codeOf = async (headers: Record<string, string>, method = path) => {
        const metadata = new Metadata();
        for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
        return (await grpcCall(client, method, new Uint8Array(0), metadata)).error?.code ?? 0;
      };
      expect([path, await codeOf({}, HEALTH_CHECK_PATH)]).toEqual([path, 0]);
      for (const headers of [{}, { authorization: `Bearer ${makeToken()}` }]) {
        expect([path, await codeOf(headers)]).toEqual([path, 16]);
      }
      for (const scope of SCOPES) {
        const code = await codeOf({ authorization: `Bearer ${TOKENS[scope]}` });
        if (scopes.includes(scope)) expect([path, scope, code === 16 || code === 7]).toEqual([path, scope, false]);
        else expect([path, scope, code]).toEqual([path, scope, 7]);
      }
      client.close();
    }
  });
});

/** What came, without waiting for streams that have no end. */
function answerOf(
  origin: string,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; challenge: string | undefined; text: string }> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    // `fetch` would tidy the path.
    const request = send(
      { agent: AGENT, hostname, port, method, path, headers: { "x-spanloom": "1", ...headers } },
      (response) => {
        const { statusCode: status = 0, headers: got } = response;
        const answered = (text: string) => resolve({ status, challenge: got["www-authenticate"], text });
        if (status === 200) {
          answered("");
          response.destroy();
          return;
        }
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.on("end", () => answered(text)).on("error", reject);
      },
    );
    request.on("error", reject).end();
  });
}
