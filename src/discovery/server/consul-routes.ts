import express, { type NextFunction, type Request, type Response, type Router } from "express";
import { PermanentError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import { whoAsks } from "../../server/admission/admitted.ts";
import { failureHandler } from "../../server/failure-handler.ts";
import { isFromThisMachine } from "../../server/same-machine.ts";
import type { LocalRegistry } from "../registry/local-registry.ts";
import { registrantOf, TokenAccess } from "./access.ts";
import { parseDefinition } from "./consul-definition.ts";
import { agentService, type ConsulNode, checksOf } from "./consul-format.ts";
import { createLookupRoutes } from "./consul-lookups.ts";
import { queryOf, takes, wildcard } from "./consul-parameters.ts";

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
const STATUSES = { pass: "passing", warn: "warning", fail: "critical" } as const;

/**
 * The agent, catalog and health endpoints of Consul's HTTP API v1 over the local registry: registering, checks,
 * heartbeats, lookups with blocking queries. Errors are plain text, as Consul's. Mounted at the root of a listener.
 */
export function createConsulRoutes(settings: ConsulRoutesSettings): Router {
  const { registry, node, logger } = settings;
  const router = express.Router({ caseSensitive: true });
  const body = express.json({ limit: MAX_BODY, type: () => true, strict: false });

  const access = new TokenAccess(settings.tokens);
  router.use("/v1", authenticate(access));

  router.put("/v1/agent/service/register", takes(node, "replace-existing-checks"), body, (request, response) => {
    const registrant = registrantOf(request, access);
    const definition = parseDefinition(request.body, {
      remoteAddress: registrant.address,
      isLocal: isFromThisMachine(request),
      anyCheckTarget: settings.anyCheckTarget,
      anyCheckRequest: registrant.hasToken,
    });
    const isNew = registry.record(definition.registration.id) === undefined;
    registry.registerWithChecks(definition.registration, definition.ttlMs, definition.checks, registrant);
    if (isNew) logger.info("an instance was registered", { id: definition.registration.id, ...whoAsks(request) });
    response.status(200).end();
  });
  router.put("/v1/agent/service/deregister/*id", takes(node), async (request, response) => {
    const id = wildcard(request, "id");
    if (await registry.deregister(id)) {
      logger.info("an instance was deregistered", { id, ...whoAsks(request) });
      response.status(200).end();
    } else
      notFound(
        response,
        `Unknown service ID ${JSON.stringify(id)}. Ensure that the service ID is passed, not the service name.`,
      );
  });
  for (const [word, status] of Object.entries(STATUSES)) {
    router.put(`/v1/agent/check/${word}/*id`, takes(node, "note"), (request, response) => {
      const note = queryOf(request).get("note") ?? "";
      answerCheck(response, wildcard(request, "id"), (id) => registry.reportCheck(id, status, note));
    });
  }
  router.put("/v1/agent/check/update/*id", takes(node), body, (request, response) => {
    const { Status: status, Output: output = "" } = (request.body ?? {}) as { Status?: unknown; Output?: unknown };
    const known = Object.values(STATUSES).find((value) => value === status);
    if (known === undefined) throw new PermanentError("bad_request", `Invalid check status: '${String(status)}'`);
    answerCheck(response, wildcard(request, "id"), (id) => registry.reportCheck(id, known, String(output)));
  });

  router.get("/v1/agent/services", takes(node), (_request, response) => {
    response.json(
      Object.fromEntries(registry.records().map((record) => [record.instance.id, agentService(record, node)])),
    );
  });
  router.get("/v1/agent/service/*id", takes(node), (request, response) => {
    const id = wildcard(request, "id");
    const record = registry.record(id);
    if (record === undefined) notFound(response, `unknown service ID: ${id}`);
    else response.json(agentService(record, node));
  });
  router.get("/v1/agent/checks", takes(node), (_request, response) => {
    const checks = registry.records().flatMap((record) => checksOf(record, node));
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
      Member: memberOf(node),
    });
  });
  router.get("/v1/agent/members", takes(node, "wan"), (_request, response) => {
    response.json([memberOf(node)]);
  });
  router.get("/v1/status/leader", (_request, response) => {
    response.json(`${node.address}:8300`);
  });
  router.get("/v1/status/peers", (_request, response) => {
    response.json([`${node.address}:8300`]);
  });

  router.use(createLookupRoutes(settings));
  router.use("/v1", (request) => {
    // Not 404, which would say that a key or a service is not there.
    const path = request.originalUrl.split("?", 1)[0];
    throw new PermanentError("unsupported", `no such endpoint here: ${request.method} ${path}`);
  });
  router.use(
    failureHandler(settings.logger, ({ message, typed, code }, response) => {
      response.setHeader("content-type", "text/plain; charset=utf-8");
      response.end(typed || code === "internal" ? message : `Request decode failed: ${message}`);
    }),
  );
  return router;
}

function memberOf(node: ConsulNode): object {
  return { Name: node.name, Addr: node.address, Status: 1 };
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
