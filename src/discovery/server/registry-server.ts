import express, { type Express } from "express";
import type { Component, Host } from "../../component/component.ts";
import type { Endpoint } from "../../component/endpoint.ts";
import { isLoopback } from "../../server/endpoint.ts";
import { isAllowedHost } from "../../server/host-check.ts";
import { HttpListener } from "../../server/http-listener.ts";
import type { TlsConfig } from "../../server/tls.ts";
import type { LocalRegistry } from "../registry/local-registry.ts";
import { createConsulRoutes } from "./consul-routes.ts";

export interface RegistryServerSettings {
  readonly registry: LocalRegistry;
  /** `host:port`, checked before. */
  readonly endpoint: string;
  readonly tls?: TlsConfig | undefined;
  readonly tokens: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly anyCheckTarget: boolean;
  readonly nodeName: string;
  readonly datacenter: string;
}

/** A request has to arrive within it, ms; blocking queries wait afterwards. */
const REQUEST_MS = 15_000;

/** For people who open the port in a browser. */
const WHAT_IS_HERE =
  "This is Spanloom's service registry: it speaks Consul's HTTP API below /v1, such as GET /v1/catalog/services.\n" +
  "The pages are on the port of ui.endpoint, 16686 unless it is set.\n";

/** The Consul-compatible listener of the collector's own registry. */
export class RegistryServer implements Component {
  readonly #settings: RegistryServerSettings;
  readonly #closing = new AbortController();
  #listener: HttpListener | undefined;

  constructor(settings: RegistryServerSettings) {
    this.#settings = settings;
  }

  /** In use, with the port that was given for port 0; undefined unless started. */
  get address(): Endpoint | undefined {
    return this.#listener?.address;
  }

  /** @throws PermanentError `listen_failed`, or `config_invalid` for unreadable certificates */
  async start(host: Host): Promise<void> {
    const { endpoint, tls, tokens } = this.#settings;
    const listener = new HttpListener({
      name: { title: "registry (Consul API)", configKey: "discovery.server.endpoint", usualOccupant: "a Consul agent" },
      access: host.access,
      needOf: () => ["registry"],
      endpoint,
      tls,
      logger: host.logger,
      handler: this.#app(host),
      requestTimeoutMs: REQUEST_MS,
    });
    const bound = await listener.start();
    this.#listener = listener;
    if (host.access === undefined && tokens.length === 0 && !isLoopback(bound.host)) {
      host.logger.warn("the registry listens beyond this machine without tokens: anybody there may register services", {
        endpoint,
        setting: "discovery.server.tokens",
      });
    }
  }

  /** Ends waiting queries, then drains. */
  async shutdown(signal: AbortSignal): Promise<void> {
    this.#closing.abort();
    await this.#listener?.shutdown(signal);
  }

  #app(host: Host): Express {
    const { registry, tokens, allowedHosts, anyCheckTarget, nodeName, datacenter, endpoint } = this.#settings;
    const app = express();
    app.disable("x-powered-by");
    app.set("etag", false);
    app.use((request, response, next) => {
      if (isAllowedHost(request.headers.host, allowedHosts)) next();
      else {
        response
          .status(421)
          .type("text")
          .send(`host "${request.headers.host}" is not served here; add it to discovery.server.allowed_hosts`);
      }
    });
    app.use(
      createConsulRoutes({
        registry,
        node: { name: nodeName, address: endpoint.replace(/:\d+$/, ""), datacenter },
        version: host.userAgent.split("/")[1] ?? "",
        tokens,
        anyCheckTarget,
        logger: host.logger,
        closing: this.#closing.signal,
      }),
    );
    app.get("/", (_request, response) => {
      response.type("text").send(WHAT_IS_HERE);
    });
    app.use((request, response) => {
      response.status(404).type("text").send(`nothing at ${request.path}; the registry is below /v1, as Consul's is\n`);
    });
    return app;
  }
}
