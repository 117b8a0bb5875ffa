import type { Logger } from "../../component/logger.ts";
import { reasonOf } from "../../component/reasons.ts";
import { methodAttributes } from "../instrument/http-attributes.ts";
import { instanceUrl, pickInstance, type ServiceInstance, type ServiceRegistry } from "../registry/registry-client.ts";
import type { Span } from "../trace/span.ts";
import type { Tracing } from "../trace/tracing.ts";
import { Ejection } from "./ejection.ts";
import { KnownInstances } from "./known-instances.ts";

export interface ServiceClientSettings {
  readonly tracing: Tracing;
  /** False: no spans are made, and the caller's context is passed on as it came. */
  readonly traced: boolean;
  /** Undefined where discovery is off. */
  readonly registry: ServiceRegistry | undefined;
  readonly logger: Logger;
}

/** An instance that discovery gave, or the base URL of a service. */
export type CallTarget = ServiceInstance | string;

export interface CallOptions {
  /** Default 10 000. */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a called service answered when it was no success. */
export class ServiceCallError extends Error {
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "ServiceCallError";
    this.status = status;
  }
}

const DEFAULT_CALL_TIMEOUT_MS = 10_000;
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/** Finds services and calls them, in the trace of whatever is active. */
export class ServiceClient {
  readonly #settings: ServiceClientSettings;
  readonly #known: KnownInstances | undefined;
  readonly #ejection = new Ejection();

  constructor(settings: ServiceClientSettings) {
    const { registry, logger } = settings;
    this.#settings = settings;
    this.#known = registry === undefined ? undefined : new KnownInstances({ registry, logger });
  }

  /**
   * A healthy instance of `name` that carries all tags, chosen by weight; one that did not answer its last calls is
   * left out for a while. While the registry does not answer, those that it named last are used. Rejects with
   * ServiceCallError when there is none.
   */
  async discoverService(name: string, tags: readonly string[] = []): Promise<ServiceInstance> {
    return this.#inSpan(
      `discover ${name}`,
      { "service.discovery.name": name, "service.discovery.tags": tags },
      async (span) => {
        const instance = pickInstance(this.#ejection.usable(await this.#instances(name, tags)));
        if (instance === undefined) {
          const tagged = tags.length === 0 ? "" : ` with tags ${tags.join(", ")}`;
          throw new ServiceCallError(`no healthy instance of ${name}${tagged}`);
        }
        span?.setAttribute("service.discovery.instance", instance.id);
        return instance;
      },
    );
  }

  /**
   * `POST <target>/<operation>` with a JSON body; the JSON answer. The trace context goes along. Rejects with
   * ServiceCallError for a status that is no success, and when no answer comes in time.
   */
  async callService(
    target: CallTarget,
    operation: string,
    payload?: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    const base = typeof target === "string" ? target.replace(/\/+$/, "") : instanceUrl(target);
    const url = new URL(`${base}/${encodeURIComponent(operation)}`);
    const attributes = {
      ...methodAttributes("POST"),
      "url.full": url.href,
      "url.template": `/${operation}`,
      "server.address": url.hostname,
      "server.port": Number(url.port) || (url.protocol === "https:" ? 443 : 80),
      "peer.service": typeof target === "string" ? undefined : target.name,
    };
    return this.#inSpan(`POST /${operation}`, attributes, async (span) => {
      const headers = { ...options.headers, "content-type": "application/json" };
      const body = JSON.stringify(payload ?? null);
      const sent = this.#post(url, this.#settings.tracing.inject(headers, span), body, options);
      if (typeof target !== "string") this.#judge(target, sent);
      const { status, text } = await sent;
      span?.setAttribute("http.response.status_code", status);
      const answer = parse(text);
      if (status >= 200 && status < 300) return answer;
      span?.setAttribute("error.type", String(status));
      const said = (answer as { error?: unknown } | null)?.error;
      throw new ServiceCallError(
        `${url.href} answered ${status}${typeof said === "string" ? `: ${said}` : ""}`,
        status,
      );
    });
  }

  /**
   * No answer, or one of something between that got none, speaks against the instance; what the service answers does
   * not.
   */
  #judge({ id }: ServiceInstance, sent: Promise<{ readonly status: number }>): void {
    sent.then(
      ({ status }) => (GATEWAY_STATUSES.has(status) ? this.#ejection.failed(id) : this.#ejection.answered(id)),
      () => this.#ejection.failed(id),
    );
  }

  async #instances(name: string, tags: readonly string[]): Promise<readonly ServiceInstance[]> {
    const known = this.#known;
    if (known === undefined) {
      throw new ServiceCallError(`cannot discover ${name}: the service was declared without discovery_enabled`);
    }
    // A watch may begin here, which outlives the span.
    const outside = { suppressed: true, span: undefined, remote: undefined };
    return this.#settings.tracing.contexts.with(outside, () => known.find(name, tags));
  }

  async #post(
    url: URL,
    headers: Record<string, string>,
    body: string,
    { timeoutMs = DEFAULT_CALL_TIMEOUT_MS }: CallOptions,
  ) {
    try {
      const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(timeoutMs) });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const reason = reasonOf(cause);
      throw new ServiceCallError(`${url.href}: ${reason}`, undefined, { cause });
    }
  }

  async #inSpan<T>(
    name: string,
    attributes: Record<string, string | number | readonly string[] | undefined>,
    run: (span: Span | undefined) => Promise<T>,
  ): Promise<T> {
    const { tracing, traced } = this.#settings;
    return traced ? tracing.tracer().trace(name, run, { kind: "client", attributes }) : run(undefined);
  }
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
