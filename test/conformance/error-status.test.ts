import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import createRouter, { type Router } from "router";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdminStore } from "../../src/app/ui-port/admin-routes.ts";
import { createControlApp } from "../../src/app/ui-port/control-app.ts";
import { ERROR_STATUS, failureOf } from "../../src/component/error-status.ts";
import { type ErrorCode, PermanentError, type RetryableCode, RetryableError } from "../../src/component/errors.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import { isRetryableGrpcStatus, isRetryableHttpStatus } from "../../src/component/retry.ts";
import type { LocalRegistry } from "../../src/discovery/registry/local-registry.ts";
import { createConsulRoutes } from "../../src/discovery/server/consul-routes.ts";
import { createRegistryRoutes } from "../../src/discovery/server/registry-routes.ts";
import { createJaegerRoutes } from "../../src/query/jaeger/routes.ts";
import { createUiRoutes } from "../../src/query/ui/routes.ts";
import { EXPORT_PATH, grpcCall, grpcClient, type ReceiverRig, startReceiver } from "../support/receiver-rig.ts";

const RETRYABLE: Readonly<Record<RetryableCode, [number, number]>> = {
  overloaded: [429, 14],
  storage_full: [503, 14],
  storage_unavailable: [503, 14],
  unreachable: [503, 14],
  cancelled: [503, 14],
};
const PERMANENT: Readonly<Record<ErrorCode, [number, number]>> = {
  malformed: [400, 3],
  bad_request: [400, 3],
  unsupported_media_type: [415, 3],
  too_large: [413, 8],
  not_found: [404, 5],
  unauthenticated: [403, 7],
  unsupported: [501, 12],
  destination_refused: [500, 13],
  config_invalid: [500, 13],
  data_folder_in_use: [500, 13],
  data_folder_unusable: [500, 13],
  data_format_unknown: [500, 13],
  listen_failed: [500, 13],
  internal: [500, 13],
  // Final whatever the code: the same request will fail again.
  overloaded: [500, 13],
  storage_full: [500, 13],
  storage_unavailable: [500, 13],
  unreachable: [500, 13],
  cancelled: [500, 13],
};
const cases = [
  ...Object.entries(RETRYABLE).map(
    ([code, want]) => [new RetryableError(code as RetryableCode, `${code}: why`, 2_500), ...want] as const,
  ),
  ...Object.entries(PERMANENT).map(
    ([code, want]) => [new PermanentError(code as ErrorCode, `${code}: why`), ...want] as const,
  ),
  [Object.assign(new Error("why"), { status: 413 }), 413, 8] as const,
  [new Error("secret"), 500, 13] as const,
];

let thrown: Error;
const refuse = (): never => {
  throw thrown;
};
const rejecting = async (): Promise<never> => refuse();
let rig: ReceiverRig;
const servers: Server[] = [];
const urls = new Map<string, string>();

async function serve(family: string, router: Router | express.Express, path: string): Promise<void> {
  const server = createServer((request, response) => router(request as never, response as never, () => response.end()));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  urls.set(family, `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
}

beforeAll(async () => {
  rig = await startReceiver();
  rig.sink.answer = refuse;
  const views = { view: rejecting };
  const local = { heartbeat: rejecting, reportCheck: refuse } as unknown as LocalRegistry;
  const closing = new AbortController().signal;
  const logger = SILENT_LOGGER;
  const admin = { compact: rejecting } as unknown as AdminStore;
  const registered = createRouter() as unknown as express.Router;
  const sink = { append: rejecting };
  const control = { admin, sink, registry: registered, notReady: () => undefined, logger };
  const node = { name: "n", address: "127.0.0.1", datacenter: "dc1" };
  const consul = { registry: local, node, version: "1", tokens: [], anyCheckTarget: false, logger, closing };
  const status = createControlApp({ ...control, metrics: rejecting, status: rejecting });
  const registry = createRegistryRoutes({ local, tokens: [], anyCheckTarget: false, logger, closing });
  await serve("UI API", createRouter().use(createUiRoutes(views)), "/api/ui/services");
  await serve("Jaeger API", createRouter().use(createJaegerRoutes(views)), "/api/services");
  await serve("status", status, "/api/ui/status");
  await serve("maintenance", status, "/api/ui/admin/compact");
  await serve("registry", express().use(registry), "/api/registry/instances/a/heartbeat");
  await serve("Consul API", express().use(createConsulRoutes(consul)), "/v1/agent/check/pass/a");
});
afterAll(async () => {
  await rig.close();
  for (const server of servers) server.close();
});

const METHODS: Readonly<Record<string, string>> = { maintenance: "POST", registry: "PUT", "Consul API": "PUT" };

describe.each(cases)("%s", (error, http, grpc) => {
  it.each(["UI API", "Jaeger API", "status", "maintenance", "registry", "Consul API"])(
    `is ${http} to the ${"%s"}`,
    async (family) => {
      thrown = error;
      const answer = await fetch(urls.get(family) as string, {
        method: METHODS[family] ?? "GET",
        headers: { "x-spanloom": "1" },
      });
      const text = await answer.text();
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([
        http,
        error instanceof RetryableError ? "3" : null,
      ]);
      // What runs a view has logged it; whoever reads the traces may read what is wrong with them.
      if (!family.endsWith("API") || family.startsWith("Consul")) {
        expect(text).toContain(error.message === "secret" ? "internal error" : "why");
      }
    },
  );

  it(`is ${http} and ${grpc} to the OTLP receiver`, async () => {
    thrown = error;
    const body = new Uint8Array([0]);
    const headers = { "content-type": "application/x-protobuf" };
    expect((await fetch(`${rig.http}/v1/traces`, { method: "POST", body, headers })).status).toBe(http);
    const client = grpcClient(rig.grpc);
    const answer = await grpcCall(client, EXPORT_PATH, body);
    client.close();
    expect(answer.error?.code).toBe(grpc);
  });
});

describe("the table of error codes", () => {
  it("says the same of every code on both transports: whether to ask again", () => {
    for (const [code, { http, grpc }] of Object.entries(ERROR_STATUS)) {
      const again = Object.hasOwn(RETRYABLE, code);
      expect([code, isRetryableHttpStatus(http), isRetryableGrpcStatus(grpc, false)]).toEqual([code, again, again]);
    }
  });

  it("keeps a framework's status, and gives it the nearest code", () => {
    const given = (status: number) => failureOf(Object.assign(new Error("m"), { status }));
    expect(given(413)).toMatchObject({ http: 413, code: "too_large" });
    expect(given(416)).toMatchObject({ http: 416, code: "bad_request", message: "m" });
    expect(given(502)).toMatchObject({ http: 500, code: "internal" });
  });
});
