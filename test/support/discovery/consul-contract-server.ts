import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

interface Check {
  CheckID: string;
  Status: string;
  ttlMs: number;
  removeAfterMs: number;
  deadline: NodeJS.Timeout | undefined;
}

interface Service {
  definition: Record<string, unknown>;
  checks: Check[];
}

/**
 * A Consul agent as its API documentation describes it: registration with TTL checks, blocking queries with one raft
 * index, ACL tokens. Health checks over the network are left critical: what they find is Consul's business.
 */
export class ConsulContractServer {
  readonly #services = new Map<string, Service>();
  readonly #waiting = new Set<() => void>();
  readonly #token: string;
  #index = 10;
  #server: Server | undefined;
  #port = 0;
  /** Every request line, as it came. */
  readonly requests: string[] = [];
  /** Instead of the next answer to a health query. */
  readonly lies: ((response: ServerResponse) => void)[] = [];

  constructor(token: string) {
    this.#token = token;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#wake();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  /** As after a restored snapshot: the index goes backwards. */
  resetIndex(index: number): void {
    this.#index = index;
    this.#wake();
  }

  definition(id: string): Record<string, unknown> | undefined {
    return this.#services.get(id)?.definition;
  }

  /** Ends all TTL timers. */
  dispose(): void {
    for (const service of this.#services.values()) for (const check of service.checks) clearTimeout(check.deadline);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? "/", "http://consul");
    this.requests.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const token = request.headers["x-consul-token"];
    if (token !== this.#token) return send(response, 403, token === undefined ? "Permission denied" : "ACL not found");
    const path = url.pathname;
    const last = decodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
    if (request.method === "PUT" && path === "/v1/agent/service/register") {
      return this.#register(JSON.parse(Buffer.concat(chunks).toString()), response);
    }
    if (request.method === "PUT" && path.startsWith("/v1/agent/service/deregister/"))
      return this.#deregister(last, response);
    if (request.method === "PUT" && path.startsWith("/v1/agent/check/pass/")) return this.#pass(last, response);
    if (request.method === "GET" && path === "/v1/catalog/services") {
      const names = [...this.#services.values()].map(({ definition }) => [definition.Name, definition.Tags]);
      return this.#json(response, { consul: [], ...Object.fromEntries(names) });
    }
    if (request.method === "GET" && path.startsWith("/v1/health/service/")) return this.#health(last, url, response);
    return send(response, 404, "not found");
  }

  #register(definition: Record<string, unknown>, response: ServerResponse): void {
    const id = String(definition.ID);
    for (const check of this.#services.get(id)?.checks ?? []) clearTimeout(check.deadline);
    const checks = (definition.Checks as Record<string, unknown>[]).map((check) => ({
      CheckID: String(check.CheckID),
      Status: String(check.Status ?? "critical"),
      ttlMs: ms(check.TTL),
      removeAfterMs: ms(check.DeregisterCriticalServiceAfter),
      deadline: undefined,
    }));
    this.#services.set(id, { definition, checks });
    for (const check of checks) this.#arm(id, check);
    this.#changed();
    send(response, 200, "");
  }

  #arm(id: string, check: Check): void {
    clearTimeout(check.deadline);
    if (check.ttlMs === 0) return;
    check.deadline = setTimeout(() => {
      check.Status = "critical";
      this.#changed();
      check.deadline = setTimeout(() => {
        this.#services.delete(id);
        this.#changed();
      }, check.removeAfterMs);
    }, check.ttlMs);
  }

  #deregister(id: string, response: ServerResponse): unknown {
    const known = this.#services.get(id);
    if (known === undefined) return send(response, 404, `Unknown service ID "${id}"`);
    for (const check of known.checks) clearTimeout(check.deadline);
    this.#services.delete(id);
    this.#changed();
    send(response, 200, "");
  }

  #pass(checkId: string, response: ServerResponse): unknown {
    for (const [id, service] of this.#services) {
      const check = service.checks.find((candidate) => candidate.CheckID === checkId);
      if (check === undefined) continue;
      const changed = check.Status !== "passing";
      check.Status = "passing";
      this.#arm(id, check);
      if (changed) this.#changed();
      return send(response, 200, "");
    }
    send(response, 404, `Unknown check ID "${checkId}". Ensure that the check ID is passed, not the check name.`);
  }

  async #health(name: string, url: URL, response: ServerResponse): Promise<unknown> {
    const lie = this.lies.shift();
    if (lie !== undefined) return lie(response);
    const asked = Number(url.searchParams.get("index") ?? 0);
    const wait = url.searchParams.get("wait");
    if (asked > 0 && this.#index <= asked) await this.#change(wait === null ? 300_000 : ms(wait), response);
    if (this.#server === undefined) return void response.destroy();
    const tags = url.searchParams.getAll("tag");
    const entries = [...this.#services.values()]
      .filter(({ definition }) => definition.Name === name)
      .filter(({ definition }) => tags.every((tag) => (definition.Tags as string[]).includes(tag)))
      .filter(({ checks }) => !url.searchParams.has("passing") || checks.every(({ Status }) => Status === "passing"));
    const body = entries.map(({ definition, checks }) => ({
      Node: { Node: "agent-1", Address: "10.9.9.9" },
      Service: { ...definition, Service: definition.Name, Weights: definition.Weights ?? { Passing: 1, Warning: 1 } },
      Checks: [
        { CheckID: "serfHealth", Status: "passing" },
        ...checks.map(({ CheckID, Status }) => ({ CheckID, Status })),
      ],
    }));
    this.#json(response, body);
  }

  #change(waitMs: number, response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      this.#waiting.add(done);
      response.once("close", done);
    });
  }

  #changed(): void {
    this.#index++;
    this.#wake();
  }

  #wake(): void {
    for (const waiter of [...this.#waiting]) waiter();
  }

  #json(response: ServerResponse, body: unknown): void {
    response.setHeader("X-Consul-Index", String(this.#index));
    response.setHeader("Content-Type", "application/json");
    send(response, 200, JSON.stringify(body));
  }
}

function send(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  response.end(body);
}

function ms(duration: unknown): number {
  const match = /^(\d+)(ms|s)$/.exec(String(duration ?? ""));
  return match === null ? 0 : Number(match[1]) * (match[2] === "s" ? 1_000 : 1);
}
