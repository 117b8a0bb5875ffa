import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Logger, SILENT_LOGGER } from "../../component/logger.ts";
import type { ExporterInput } from "../exporters/create.ts";
import { type RequestHandler, traceHttpHandler } from "../instrument/http-server.ts";
import type { HealthCheck, ServiceRegistry } from "../registry/registry-client.ts";
import { alwaysOff } from "../trace/sampler.ts";
import type { Tracer } from "../trace/tracer.ts";
import { createTracing, type Tracing } from "../trace/tracing.ts";
import { declaredRegistry } from "./declared.ts";
import { type Listening, listen, readJson, ServiceError, sendJson } from "./http-endpoint.ts";
import { declareService, type HealthCheckOption, type ServiceDeclaration, type ServiceOptions } from "./options.ts";
import { RegistrationKeeper } from "./registration.ts";
import { ServiceClient } from "./service-client.ts";

/** One operation: takes the JSON body of `POST /<name>`, gives the JSON answer. */
export type Operation = (input: never, context: ServiceContext) => unknown;

/** Operations by name, or a handler of whole requests, which an express application is too. */
export type ServiceHandler =
  | Readonly<Record<string, Operation>>
  | ((request: IncomingMessage, response: ServerResponse, context: ServiceContext) => unknown);

/** What a running service gives its handler. */
export interface ServiceContext {
  readonly tracer: Tracer;
  readonly tracing: Tracing;
  readonly discoverService: ServiceClient["discoverService"];
  readonly callService: ServiceClient["callService"];
}

/** What the declaration leaves open: where things are. */
export interface ServiceRuntime {
  /** In place of `discovery_backend`. Who made it closes it. */
  readonly registry?: ServiceRegistry;
  /** In place of the endpoint that the backends `local`, `consul` and `etcd` are declared with. */
  readonly registryUrl?: string;
  /** In place of the token that `local` and `consul` are declared with. */
  readonly registryToken?: string;
  /** In place of `trace_exporter` with its default endpoint. */
  readonly exporter?: ExporterInput;
  /** Address to listen on. Default: `transport`'s host, else 127.0.0.1. */
  readonly host?: string;
  /** What other services reach it by. Default: the address it listens on. */
  readonly advertiseHost?: string;
  /** Default: the name and a random part. */
  readonly id?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly logger?: Logger;
}

export interface Service extends ServiceContext {
  readonly declaration: ServiceDeclaration;
  /** Id in the registry. */
  readonly id: string;
  /** `http://host:port` while it runs, else undefined. */
  readonly url: string | undefined;
  /** True while the registry knows it; never with a backend that only reads. */
  readonly registered: boolean;
  /**
   * Listens, then registers and starts heartbeats. Rejects when the port cannot be used, or the backend's settings can
   * never work; then nothing is left open.
   */
  start(): Promise<void>;
  /** Deregisters, finishes what is under way, flushes spans. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Declares a service in the vocabulary of its options. Throws ServiceDeclarationError for options that are wrong, and
 * TypeError for a `runtime` that does not fit them.
 */
export function service(
  name: string,
  options: ServiceOptions,
  handler: ServiceHandler,
  runtime: ServiceRuntime = {},
): Service {
  return new DeclaredService(declareService(name, options), handler, runtime);
}

class DeclaredService implements Service {
  readonly declaration: ServiceDeclaration;
  readonly id: string;
  readonly tracing: Tracing;
  readonly tracer: Tracer;
  readonly discoverService: ServiceClient["discoverService"];
  readonly callService: ServiceClient["callService"];
  readonly #handler: ServiceHandler;
  readonly #runtime: ServiceRuntime;
  readonly #registry: ServiceRegistry | undefined;
  readonly #logger: Logger;
  #listening: Listening | undefined;
  #keeper: RegistrationKeeper | undefined;
  #stopping: Promise<void> | undefined;

  constructor(declaration: ServiceDeclaration, handler: ServiceHandler, runtime: ServiceRuntime) {
    const { name, options } = declaration;
    this.declaration = declaration;
    this.#handler = handler;
    this.#runtime = runtime;
    this.#logger = runtime.logger ?? SILENT_LOGGER;
    this.#registry = options.discovery_enabled ? registryFor(declaration, runtime, this.#logger) : undefined;
    this.id = runtime.id ?? `${name}-${randomUUID()}`;
    this.tracing = createTracing({
      service: name,
      resource: { "service.instance.id": this.id },
      exporter: runtime.exporter ?? options.trace_exporter,
      sampling: options.tracing ? options.trace_sampling : alwaysOff,
      propagation: options.trace_propagation,
      logger: this.#logger,
    });
    this.tracer = this.tracing.tracer();
    const client = new ServiceClient({
      tracing: this.tracing,
      traced: options.tracing,
      registry: this.#registry,
      logger: this.#logger,
    });
    this.discoverService = client.discoverService.bind(client);
    this.callService = client.callService.bind(client);
  }

  get url(): string | undefined {
    return this.#listening === undefined ? undefined : `http://${this.#advertisedHost}:${this.#listening.port}`;
  }

  get registered(): boolean {
    return this.#keeper?.registered ?? false;
  }

  async start(): Promise<void> {
    if (this.#listening !== undefined) throw new Error(`service "${this.declaration.name}" is running already`);
    if (this.#stopping !== undefined)
      throw new Error(`service "${this.declaration.name}" was stopped: declare a new one`);
    const { options, name } = this.declaration;
    const registry = this.#registry;
    const listening = await listen(this.#requestHandler(), options.transport.http.port, this.#host);
    try {
      await registry?.open?.();
    } catch (error) {
      await listening.stop();
      throw error;
    }
    this.#listening = listening;
    if (registry === undefined) return;
    if (registry.readOnly === true) {
      this.#logger.info("the backend only reads: instances are found, this one is not registered", { service: name });
      return;
    }
    const registration = {
      id: this.id,
      name,
      host: this.#advertisedHost,
      port: listening.port,
      tags: options.discovery_tags,
      metadata: this.#runtime.metadata ?? {},
      ttlSeconds: options.discovery_ttl,
      healthCheck: toHealthCheck(options.health_check),
    };
    this.#keeper = new RegistrationKeeper(registry, registration, this.#logger);
    await this.tracing.contexts.with({ suppressed: true }, () => this.#keeper?.start());
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#keeper?.stop();
    await this.#listening?.stop();
    this.#listening = undefined;
    if (this.#registry !== this.#runtime.registry) await this.#registry?.close?.();
    await this.tracing.shutdown();
  }

  get #host(): string {
    return this.#runtime.host ?? this.declaration.options.transport.http.host ?? "127.0.0.1";
  }

  get #advertisedHost(): string {
    return this.#runtime.advertiseHost ?? this.#host;
  }

  #requestHandler(): RequestHandler {
    const { health_check, tracing } = this.declaration.options;
    const healthPath = "http" in health_check ? health_check.http.path : "/health";
    const answer: RequestHandler = (request, response) => this.#answer(request, response);
    const isHealth = (request: IncomingMessage): boolean => pathOf(request) === healthPath;
    const traced: RequestHandler = tracing
      ? traceHttpHandler(this.tracing, answer)
      : (request, response) =>
          this.tracing.withRemote(this.tracing.extract(request.headers), () => answer(request, response));
    return (request, response) => {
      if (isHealth(request)) sendJson(response, 200, { status: "healthy", service: this.declaration.name });
      else void traced(request, response);
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (typeof this.#handler === "function") await this.#handler(request, response, this);
      else sendJson(response, 200, await this.#operate(this.#handler, request));
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  async #operate(operations: Readonly<Record<string, Operation>>, request: IncomingMessage): Promise<unknown> {
    const name = decodeName(pathOf(request).slice(1));
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (operation === undefined) throw new ServiceError(404, `${this.declaration.name} has no operation "${name}"`);
    if (request.method !== "POST")
      throw new ServiceError(405, `operation ${name}: expected POST, got ${request.method}`);
    this.tracing.activeSpan()?.setAttribute("http.route", `/${name}`).updateName(`POST /${name}`);
    return operation((await readJson(request)) as never, this);
  }

  #refuse(response: ServerResponse, error: unknown): void {
    const status = error instanceof ServiceError ? error.status : 500;
    const span = this.tracing.activeSpan();
    if (status >= 500) span?.fail(error);
    else span?.recordException(error);
    // What an unexpected error says may hold internals; the caller learns it only from errors meant for it.
    const message = error instanceof ServiceError ? error.message : "internal error";
    if (status >= 500)
      this.#logger.error("an operation failed", { service: this.declaration.name, reason: String(error) });
    if (response.headersSent) response.destroy();
    else sendJson(response, status, { error: message });
  }
}

function registryFor({ options }: ServiceDeclaration, runtime: ServiceRuntime, logger: Logger): ServiceRegistry {
  const place = { url: runtime.registryUrl, token: runtime.registryToken };
  return runtime.registry ?? declaredRegistry(options.discovery_backend, place, logger);
}

function toHealthCheck(option: HealthCheckOption): HealthCheck {
  if ("http" in option) return { type: "http", path: option.http.path, intervalMs: option.http.interval_ms };
  return { type: "tcp", port: option.tcp.port, intervalMs: option.tcp.interval_ms };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] as string;
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ServiceError(400, "the path has a percent escape that is no UTF-8");
  }
}
