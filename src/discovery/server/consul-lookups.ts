import express, { type Request, type Response, type Router } from "express";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import { joinSignals } from "../../component/signals.ts";
import { MINUTE_MS } from "../../model/time.ts";
import { hasAllTags } from "../instance/instance.ts";
import type { LocalRecord } from "../instance/local-record.ts";
import type { LocalRegistry } from "../registry/local-registry.ts";
import {
  agentService,
  aggregateStatus,
  type ConsulNode,
  catalogEntry,
  catalogNode,
  checksOf,
  healthEntry,
} from "./consul-format.ts";
import { BLOCKING, isOfNode, queryOf, takes, wildcard } from "./consul-parameters.ts";
import { parseDuration } from "./duration.ts";

export interface LookupSettings {
  readonly registry: LocalRegistry;
  readonly node: ConsulNode;
  /** Ends waiting requests. */
  readonly closing: AbortSignal;
}

const DEFAULT_WAIT_MS = 5 * MINUTE_MS;
const MAX_WAIT_MS = 10 * MINUTE_MS;
const STATES: ReadonlySet<string> = new Set(["any", "passing", "warning", "critical"]);
/** Of `/v1/agent/health/service/…`, by what the worst check says. */
const AGGREGATE_HTTP = { passing: 200, warning: 429, critical: 503 } as const;

/** The catalog, the health endpoints, and the health of services as the agent tells it. */
export function createLookupRoutes(settings: LookupSettings): Router {
  const { registry, node } = settings;
  const router = express.Router({ caseSensitive: true });
  router.get("/v1/catalog/datacenters", takes(node), (_request, response) => {
    response.json([node.datacenter]);
  });
  router.get("/v1/catalog/services", takes(node, "node-meta", ...BLOCKING), async (request, response) => {
    await waitForChange(settings, request, response, undefined);
    const tags = new Map<string, Set<string>>();
    for (const { instance } of isOfNode(request) ? registry.records() : []) {
      const set = tags.get(instance.name) ?? new Set();
      for (const tag of instance.tags) set.add(tag);
      tags.set(instance.name, set);
    }
    response.json(Object.fromEntries([...tags].map(([name, set]) => [name, [...set].sort()])));
  });
  router.get("/v1/catalog/service/*name", takes(node, "tag", "node-meta", ...BLOCKING), async (request, response) => {
    const name = wildcard(request, "name");
    await waitForChange(settings, request, response, name);
    response.json(tagged(registry.records(name), request).map((record) => catalogEntry(record, node)));
  });
  router.get(
    "/v1/health/service/*name",
    takes(node, "tag", "passing", "node-meta", ...BLOCKING),
    async (request, response) => {
      const name = wildcard(request, "name");
      const passing = passingOf(queryOf(request));
      await waitForChange(settings, request, response, name);
      const records = tagged(registry.records(name), request).filter(
        ({ instance }) => !passing || instance.health === "healthy",
      );
      response.json(records.map((record) => healthEntry(record, node)));
    },
  );
  router.get("/v1/health/checks/*name", takes(node, "node-meta", ...BLOCKING), async (request, response) => {
    const name = wildcard(request, "name");
    await waitForChange(settings, request, response, name);
    response.json(tagged(registry.records(name), request).flatMap((record) => checksOf(record, node)));
  });
  router.get("/v1/health/state/:state", takes(node, "node-meta", ...BLOCKING), async (request, response) => {
    const state = request.params.state as string;
    if (!STATES.has(state)) throw new PermanentError("bad_request", `Invalid state: ${JSON.stringify(state)}`);
    await waitForChange(settings, request, response, undefined);
    const checks = tagged(registry.records(), request).flatMap((record) => checksOf(record, node));
    response.json(checks.filter(({ Status }) => state === "any" || Status === state));
  });
  router.get("/v1/health/node/*name", takes(node, ...BLOCKING), async (request, response) => {
    await waitForChange(settings, request, response, undefined);
    const records = wildcard(request, "name") === node.name ? registry.records() : [];
    response.json(records.flatMap((record) => checksOf(record, node)));
  });
  router.get("/v1/catalog/nodes", takes(node, "node-meta", ...BLOCKING), async (request, response) => {
    await waitForChange(settings, request, response, undefined);
    response.json(isOfNode(request) ? [catalogNode(node)] : []);
  });
  router.get("/v1/catalog/node/*name", takes(node, ...BLOCKING), async (request, response) => {
    await waitForChange(settings, request, response, undefined);
    const services = registry.records().map((record) => [record.instance.id, agentService(record, node)]);
    const isOurs = wildcard(request, "name") === node.name;
    response.json(isOurs ? { Node: catalogNode(node), Services: Object.fromEntries(services) } : null);
  });
  router.get("/v1/agent/health/service/id/*id", takes(node, "format"), (request, response) => {
    const record = registry.record(wildcard(request, "id"));
    sendAggregate(request, response, node, record === undefined ? [] : [record], ([one]) => one);
  });
  router.get("/v1/agent/health/service/name/*name", takes(node, "format"), (request, response) => {
    sendAggregate(request, response, node, registry.records(wildcard(request, "name")), (all) => all);
  });
  return router;
}

/**
 * A blocking query ("Blocking queries" in Consul's API docs): waits until the index is above the asked one, then sets
 * the headers for what is true now.
 */
async function waitForChange(
  { registry, closing }: LookupSettings,
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

/** Those that carry all asked tags, and none where the node has not the asked metadata. */
function tagged(records: readonly LocalRecord[], request: Request): LocalRecord[] {
  const tags = queryOf(request)
    .getAll("tag")
    .filter((tag) => tag !== "");
  return isOfNode(request) ? records.filter(({ instance }) => hasAllTags(instance, tags)) : [];
}

/** The worst of the records decides on the status; without any it is 404. */
function sendAggregate(
  request: Request,
  response: Response,
  node: ConsulNode,
  records: readonly LocalRecord[],
  shape: (all: readonly object[]) => unknown,
): void {
  const asText = queryOf(request).get("format") === "text";
  const status = aggregateStatus(records);
  if (records.length === 0) {
    response.status(404);
    if (asText) response.type("text").send("ServiceId or ServiceName not found");
    else response.json(null);
    return;
  }
  response.status(AGGREGATE_HTTP[status]);
  if (asText) response.type("text").send(status);
  else {
    const all = records.map((record) => ({
      AggregatedStatus: aggregateStatus([record]),
      Service: agentService(record, node),
      Checks: checksOf(record, node),
    }));
    response.json(shape(all));
  }
}
