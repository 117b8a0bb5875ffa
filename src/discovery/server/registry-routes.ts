import express, { type NextFunction, type Request, type Response, type Router } from "express";
import type { DiscoveryBackend, ServiceInstance } from "../../component/discovery.ts";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import { joinSignals, onAbort } from "../../component/signals.ts";
import type { InstanceView, RegistryView } from "../../model/registry-view.ts";
import { whoAsks } from "../../server/admission/admitted.ts";
import { failureHandler } from "../../server/failure-handler.ts";
import { isFromThisMachine } from "../../server/same-machine.ts";
import { byId, healthyWithTags } from "../instance/instance.ts";
import type { LocalRegistry } from "../registry/local-registry.ts";
import { isRegistrant, registrantOf, TokenAccess } from "./access.ts";
import { assertLoopback } from "./consul-definition.ts";
import { parseInstanceBody } from "./instance-body.ts";
import { RemoteListing } from "./remote-listing.ts";

export interface RegistryRoutesSettings {
  readonly local: LocalRegistry;
  /** The configured backend where it is another one: its instances are shown too. */
  readonly remote?: DiscoveryBackend | undefined;
  /** As of the Consul API: what changes something must show one. Empty: no token is asked for. */
  readonly tokens: readonly string[];
  readonly anyCheckTarget: boolean;
  readonly logger: Logger;
  /** Ends event streams. */
  readonly closing: AbortSignal;
}

const MAX_BODY = "256kb";
const MAX_STREAMS = 256;
/** A comment this often keeps proxies from closing a quiet stream, ms. */
const KEEP_OPEN_MS = 15_000;

/**
 * The registry as JSON, to be mounted where `/api/registry` shall be. Reading is open to whoever reaches the mount,
 * but for what targets of checks have answered.
 * `GET /api/registry`, `GET /api/registry/services/{name}?tag=`, `GET /api/registry/watch[?service=]` (server-sent
 * events), `PUT` and `DELETE /api/registry/instances/{id}`, `PUT /api/registry/instances/{id}/heartbeat`. What changes
 * something needs PUT or DELETE, which no foreign page can send without being asked about first (CORS preflight).
 */
export function createRegistryRoutes(settings: RegistryRoutesSettings): Router {
  const { local, remote, logger } = settings;
  const listing = remote === undefined ? undefined : new RemoteListing(remote);
  const router = express.Router({ caseSensitive: true });
  const body = express.json({ limit: MAX_BODY });
  const access = new TokenAccess(settings.tokens);
  let streams = 0;

  router.use("/api/registry", (_request, response, next) => {
    response.setHeader("cache-control", "no-store");
    next();
  });
  router.put("/api/registry/*rest", authenticate(access));
  router.delete("/api/registry/*rest", authenticate(access));
  router.get("/api/registry", async (request, response) => {
    response.json(await view(settings, listing, shownTo(access, request)));
  });
  router.get("/api/registry/services/:name", async (request, response) => {
    const name = request.params.name as string;
    const { services } = await view(settings, listing, shownTo(access, request));
    const all = services.find((service) => service.name === name)?.instances ?? [];
    const tags = new URL(request.originalUrl, "http://localhost").searchParams.getAll("tag");
    response.json({ nowMs: Date.now(), name, instances: healthyWithTags(all, tags) });
  });
  router.get("/api/registry/watch", (request, response) => {
    if (streams >= MAX_STREAMS) {
      throw new RetryableError("overloaded", `${MAX_STREAMS} event streams are open already`);
    }
    streams++;
    const name = new URL(request.originalUrl, "http://localhost").searchParams.get("service") ?? undefined;
    void stream(settings, name, shownTo(access, request), response).finally(() => streams--);
  });
  router.put("/api/registry/instances/:id", body, async (request, response) => {
    if (!request.is("application/json")) {
      throw new PermanentError("unsupported_media_type", "expected Content-Type application/json");
    }
    const { registration, ttlMs } = parseInstanceBody(request.params.id as string, request.body);
    const { check, host } = registration;
    const isForeign = !settings.anyCheckTarget && !isFromThisMachine(request);
    if (check !== undefined && isForeign) assertLoopback(host, false);
    const bounded =
      check !== undefined && isForeign ? { ...registration, check: { ...check, isForeign } } : registration;
    const isNew = local.record(registration.id) === undefined;
    await local.register(bounded, ttlMs, registrantOf(request, access));
    if (isNew) logger.info("an instance was registered", { id: registration.id, ...whoAsks(request) });
    response.json(viewOf(local, local.record(registration.id)?.instance as ServiceInstance, true));
  });
  router.put("/api/registry/instances/:id/heartbeat", async (request, response) => {
    if (!(await local.heartbeat(request.params.id as string))) throw unknown(request.params.id as string);
    response.status(204).end();
  });
  router.delete("/api/registry/instances/:id", async (request, response) => {
    const id = request.params.id as string;
    if (!(await local.deregister(id))) throw unknown(id);
    logger.info("an instance was deregistered", { id, ...whoAsks(request) });
    response.status(204).end();
  });
  router.use(
    "/api/registry",
    failureHandler(settings.logger, ({ http, message }, response) => {
      response.setHeader("content-type", "application/json; charset=utf-8");
      response.end(JSON.stringify({ errors: [{ code: http, msg: message }] }));
    }),
  );
  return router;
}

async function view(
  { local, remote }: RegistryRoutesSettings,
  listing: RemoteListing | undefined,
  showOutput: boolean,
): Promise<RegistryView> {
  const instances: InstanceView[] = local.records().map(({ instance }) => viewOf(local, instance, showOutput));
  const far = await listing?.get();
  for (const instance of far?.instances ?? []) {
    instances.push({ ...instance, registry: (remote as DiscoveryBackend).type, checks: [] });
  }
  const services = new Map<string, InstanceView[]>();
  for (const instance of instances.sort(byId)) {
    const list = services.get(instance.name);
    if (list === undefined) services.set(instance.name, [instance]);
    else list.push(instance);
  }
  return {
    nowMs: Date.now(),
    services: [...services].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, list]) => ({ name, instances: list })),
    ...(far === undefined || remote === undefined
      ? {}
      : { remote: { type: remote.type, ageMs: far.ageMs, error: far.error } }),
  };
}

/** What checks have seen is for those who may register: with a token, where there are tokens. */
function shownTo(access: TokenAccess, request: Request): boolean {
  return isRegistrant(request, access);
}

function authenticate(access: TokenAccess) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (access.check(request) === "granted") next();
    else {
      const message = "this needs a token of discovery.server.tokens, as X-Consul-Token or Authorization: Bearer";
      next(new PermanentError("unauthenticated", message));
    }
  };
}

function viewOf(local: LocalRegistry, instance: ServiceInstance, showOutput: boolean): InstanceView {
  const checks = (local.record(instance.id)?.checks ?? []).map(({ id, name, status, output }) => ({
    id,
    name,
    status,
    output: showOutput ? output : "",
  }));
  return { ...instance, registry: local.type, checks };
}

/** Event `instances` with `{ nowMs, instances }` at once and after every change, until the client goes. */
async function stream(
  settings: RegistryRoutesSettings,
  name: string | undefined,
  showOutput: boolean,
  response: Response,
): Promise<void> {
  const { local, closing } = settings;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const ended = joinSignals(gone.signal, closing);
  const { signal } = ended;
  response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
  let shown: number | undefined;
  while (!signal.aborted) {
    const index = local.changes.index(name);
    if (index !== shown) {
      shown = index;
      const instances = local.records(name).map(({ instance }) => viewOf(local, instance, showOutput));
      const data = JSON.stringify({ nowMs: Date.now(), instances });
      await written(response, `event: instances\nid: ${index}\ndata: ${data}\n\n`, signal);
    } else await written(response, ": still here\n\n", signal);
    await local.changes.wait(name, index, KEEP_OPEN_MS, signal);
  }
  ended.release();
  response.end();
}

/** Waits for slow readers, so that a stream holds one event and no more. */
function written(response: Response, text: string, signal: AbortSignal): Promise<void> {
  if (response.write(text) || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      release();
      resolve();
    };
    response.once("drain", done);
    const release = onAbort(signal, done);
  });
}

function unknown(id: string): PermanentError {
  return new PermanentError("not_found", `no instance ${JSON.stringify(id)} is registered here`);
}
