import express, { type NextFunction, type Request, type Response, type Router } from "express";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import { joinSignals } from "../../component/signals.ts";
import { MINUTE_MS } from "../../model/time.ts";
import { failureHandler } from "../../server/failure-handler.ts";
import { hasAllTags } from "../instance/instance.ts";
import type { LocalRecord } from "../instance/local-record.ts";
import type { LocalRegistry } from "../registry/local-registry.ts";
import { TokenAccess } from "./access.ts";
import { parseDefinition } from "./consul-definition.ts";
import { agentService, type ConsulNode, catalogEntry, checksOf, healthEntry } from "./consul-format.ts";
import { parseDuration } from "./duration.ts";

export interface ConsulRoutesSettings {
  readonly registry: LocalRegistry;
  readonly node: ConsulNode;
  readonly version: string;
  /** Empty: no token is asked for. */
  readonly tokens: readonly string[];
  readonly anyCheckTarget: boolean;
  readonly logger: Logger;
  /** Ends waiting requests. */
  readonly closing: AbortSignal;
}

const MAX_BODY = "256kb";
const DEFAULT_WAIT_MS = 5 * MINUTE_MS;
const MAX_WAIT_MS = 10 * MINUTE_MS;
const STATUSES = { pass: "passing", warn: "warning", fail: "critical" } as const;

/**
 * The agent, catalog and health endpoints of Consul's HTTP API v1 over the local registry: registering, checks,
 * heartbeats, lookups with blocking queries. Errors are plain text, as Consul's. Mounted at the root of a listener.
 */
export function createConsulRoutes(settings: ConsulRoutesSettings): Router {
  const { registry, node } = settings;
  const router = express.Router({ caseSensitive: true });
  const body = express.json({ limit: MAX_BODY, type: () => true, strict: false });

  router.use("/v1", authenticate(new TokenAccess(settings.tokens)));

  router.put("/v1/agent/service/register", body, (request, response) => {
    const remoteAddress = (request.socket.remoteAddress ?? "127.0.0.1").replace(/^::ffff:/, "");
    const definition = parseDefinition(request.body, { remoteAddress, anyCheckTarget: settings.anyCheckTarget });
    registry.registerWithChecks(definition.registration, definition.ttlMs, definition.checks);
    response.status(200).end();
  });
  router.put("/v1/agent/service/deregister/*id", async (request, response) => {
    const id = wildcard(request, "id");
    if (await registry.deregister(id)) response.status(200).end();
    else
      notFound(
        response,
        `Unknown service ID ${JSON.stringify(id)}. Ensure that the service ID is passed, not the service name.`,
      );
  });
  for (const [word, status] of Object.entries(STATUSES)) {
    router.put(`/v1/agent/check/${word}/*id`, (request, response) => {
      const note = queryOf(request).get("note") ?? "";
      answerCheck(response, wildcard(request, "id"), (id) => registry.reportCheck(id, status, note));
    });
  }
  router.put("/v1/agent/check/update/*id", body, (request, response) => {
    const { Status: status, Output: output = "" } = (request.body ?? {}) as { Status?: unknown; Output?: unknown };
    const known = Object.values(STATUSES).find((value) => value === status);
    if (known === undefined) throw new PermanentError("bad_request", `Invalid check status: '${String(status)}'`);
    answerCheck(response, wildcard(request, "id"), (id) => registry.reportCheck(id, known, String(output)));
  });

  router.get("/v1/agent/services", (_request, response) => {
    response.json(
      Object.fromEntries(registry.records().map((record) => [record.instance.id, agentService(record, node)])),
    );
  });
  router.get("/v1/agent/service/*id", (request, response) => {
    const id = wildcard(request, "id");
    const record = registry.record(id);
    if (record === undefined) notFound(response, `unknown service ID: ${id}`);
    else response.json(agentService(record, node));
  });
  router.get("/v1/agent/checks", (_request, response) => {
    const checks = registry.records().flatMap((record) => checksOf(record, node) as { CheckID: string }[]);
    response.json(Object.fromEntries(checks.map((check) => [check.CheckID, check])));
  });
  router.get("/v1/agent/self", (_request, response) => {
    response.json({
      Config: {
        Datacenter: node.datacenter,
        NodeName: node.name,
        Server: true,
        Version: `${settings.version}+spanloom`,
      },
      Member: { Name: node.name, Addr: node.address, Status: 1 },
    });
  });
  router.get("/v1/status/leader", (_request, response) => {
    response.json(`${node.address}:8300`);
  });
  router.get("/v1/status/peers", (_request, response) => {
    response.json([`${node.address}:8300`]);
  });

  router.get("/v1/catalog/datacenters", (_request, response) => {
    response.json([node.datacenter]);
  });
  router.get("/v1/catalog/services", async (request, response) => {
    await waitForChange(settings, request, response, undefined);
    const tags = new Map<string, Set<string>>();
    for (const { instance } of registry.records()) {
      const set = tags.get(instance.name) ?? new Set();
      for (const tag of instance.tags) set.add(tag);
      tags.set(instance.name, set);
    }
    response.json(Object.fromEntries([...tags].map(([name, set]) => [name, [...set].sort()])));
  });
  router.get("/v1/catalog/service/*name", async (request, response) => {
    const name = wildcard(request, "name");
    await waitForChange(settings, request, response, name);
    response.json(tagged(registry.records(name), request).map((record) => catalogEntry(record, node)));
  });
  router.get("/v1/health/service/*name", async (request, response) => {
    const name = wildcard(request, "name");
    const passing = passingOf(queryOf(request));
    await waitForChange(settings, request, response, name);
    const records = tagged(registry.records(name), request).filter(
      ({ instance }) => !passing || instance.health === "healthy",
    );
    response.json(records.map((record) => healthEntry(record, node)));
  });
  router.get("/v1/health/checks/*name", async (request, response) => {
    const name = wildcard(request, "name");
    await waitForChange(settings, request, response, name);
    response.json(registry.records(name).flatMap((record) => checksOf(record, node)));
  });

  router.use("/v1", (request, response) => {
    notFound(response, `no such endpoint here: ${request.method} ${request.originalUrl.split("?", 1)[0]}`);
  });
  router.use(
    failureHandler(settings.logger, ({ message, typed, code }, response) => {
      response.setHeader("content-type", "text/plain; charset=utf-8");
      response.end(typed || code === "internal" ? message : `Request decode failed: ${message}`);
    }),
  );
  return router;
}

function authenticate(access: TokenAccess) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const result = access.check(request);
    if (result === "granted") next();
    else if (result === "missing") {
      response.status(403).type("text").send("Permission denied: anonymous token lacks permission");
    } else response.status(403).type("text").send("ACL not found");
  };
}

/**
 * A blocking query ("Blocking queries" in Consul's API docs): waits until the index is above the asked one, then sets
 * the headers for what is true now.
 */
async function waitForChange(
  { registry, closing }: ConsulRoutesSettings,
  request: Request,
  response: Response,
  name: string | undefined,
): Promise<void> {
  const query = queryOf(request);
  const index = wholeNumber(query, "index");
  if (index !== undefined && index > 0) {
    const wait = query.get("wait");
    const waitMs = wait === null || wait === "" ? DEFAULT_WAIT_MS : parseDuration(wait);
    if (waitMs === undefined) throw new PermanentError("bad_request", `Invalid wait time: ${JSON.stringify(wait)}`);
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const ended = joinSignals(gone.signal, closing);
    await registry.changes.wait(name, index, Math.min(MAX_WAIT_MS, waitMs || DEFAULT_WAIT_MS), ended.signal);
    ended.release();
    if (closing.aborted) throw new RetryableError("unreachable", "the registry is shutting down");
  }
  response.setHeader("X-Consul-Index", String(registry.changes.index(name)));
  response.setHeader("X-Consul-KnownLeader", "true");
  response.setHeader("X-Consul-LastContact", "0");
}

function wholeNumber(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null || text === "") return undefined;
  if (!/^\d{1,16}$/.test(text)) throw new PermanentError("bad_request", `Invalid ${key}: ${JSON.stringify(text)}`);
  return Number(text);
}

/** Present without a value means true, as in Consul. */
function passingOf(query: URLSearchParams): boolean {
  const text = query.get("passing");
  if (text === null) return false;
  if (["", "1", "t", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "false", "FALSE", "False"].includes(text)) return false;
  throw new PermanentError("bad_request", "Invalid value for ?passing");
}

function tagged(records: readonly LocalRecord[], request: Request): LocalRecord[] {
  const tags = queryOf(request)
    .getAll("tag")
    .filter((tag) => tag !== "");
  return records.filter(({ instance }) => hasAllTags(instance, tags));
}

function answerCheck(response: Response, id: string, report: (id: string) => boolean): void {
  if (report(id)) response.status(200).end();
  else
    notFound(
      response,
      `Unknown check ID ${JSON.stringify(id)}. Ensure that the check ID is passed, not the check name.`,
    );
}

function notFound(response: Response, message: string): void {
  response.status(404).type("text").send(message);
}

function queryOf(request: Request): URLSearchParams {
  return new URL(request.originalUrl, "http://localhost").searchParams;
}

/** Ids may hold slashes, written as such or escaped. */
function wildcard(request: Request, key: string): string {
  const value = (request.params as Record<string, unknown>)[key];
  return Array.isArray(value) ? value.join("/") : String(value);
}
