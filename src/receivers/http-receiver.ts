import type { z } from "zod";
import type { Host } from "../component/component.ts";
import type { Endpoint } from "../component/endpoint.ts";
import type { Receiver, ReceiverListener, ReceiverSettings } from "../component/receiver.ts";
import { corsOf } from "../server/cors.ts";
import { isLoopback } from "../server/endpoint.ts";
import { HttpListener } from "../server/http-listener.ts";
import { wantedAddresses } from "../server/listen-addresses.ts";
import type { httpPostsConfig } from "./http-config.ts";
import { ReceiverMetrics } from "./receiver-metrics.ts";
import { RefusalLog } from "./refusal-log.ts";
import { createSpanPosts, needOfPost, type SpanPosts } from "./span-posts.ts";

export type HttpPostsConfig = z.infer<ReturnType<typeof httpPostsConfig>>;

/** A receiver of one HTTP listener that spans are posted to. */
export interface PostProtocol extends SpanPosts {
  /** The receiver's type. */
  readonly type: string;
  /** What people call the listener. */
  readonly title: string;
  /** What usually has its port. */
  readonly occupant: string;
}

export class HttpReceiver implements Receiver {
  readonly #protocol: PostProtocol;
  readonly #settings: ReceiverSettings;
  readonly #config: HttpPostsConfig;
  #listener: HttpListener | undefined;
  #refusals: RefusalLog | undefined;

  constructor(protocol: PostProtocol, settings: ReceiverSettings, config: HttpPostsConfig) {
    this.#protocol = protocol;
    this.#settings = settings;
    this.#config = config;
  }

  get addresses(): Readonly<Record<string, Endpoint>> {
    const http = this.#listener?.address;
    return http === undefined ? {} : { http };
  }

  /** @throws PermanentError `listen_failed` or `config_invalid` */
  async start(host: Host): Promise<void> {
    const { type, title, occupant } = this.#protocol;
    const { name, sink, inFlight, reads, samplingAnswers } = this.#settings;
    const config = this.#config;
    const { logger } = host;
    const onLoopback = wantedAddresses(config.endpoint).every(({ endpoint }) => isLoopback(endpoint.host));
    const metrics = new ReceiverMetrics(host.metrics, name, "http");
    const refusals = new RefusalLog(metrics, logger, name === type ? title : `${title} (${name})`);
    const cors = corsOf(config.cors, onLoopback, host);
    const handler = createSpanPosts(this.#protocol, {
      sink,
      inFlight,
      cors,
      allowedHosts: config.allowed_hosts ?? (onLoopback ? [] : undefined),
      configPath: `receivers.${name}`,
      maxBytes: config.max_request_body_size,
      metrics,
      refusals,
      logger,
      samplingAnswers,
      reads: reads?.(name),
    });
    const listener = new HttpListener({
      name: { title: `${title} receiver`, configKey: `receivers.${name}.endpoint`, usualOccupant: occupant },
      access: host.access,
      needOf: (method, path) => needOfPost(this.#protocol, method, path),
      cors,
      endpoint: config.endpoint,
      tls: config.tls,
      logger,
      handler: metrics.timedHandler(handler),
      onRefused: (refusal) => refusals.refusedByListener(refusal),
      configPath: `receivers.${name}`,
      maxConnections: config.max_connections,
      keepAliveTimeoutMs: config.idle_timeout_ms,
      headersTimeoutMs: config.read_header_timeout_ms,
      requestTimeoutMs: config.read_timeout_ms,
    });
    await listener.start();
    this.#refusals = refusals;
    this.#listener = listener;
    logger.info(`${title} is listening`, { ...listener.address });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#listener?.shutdown(signal);
    this.#refusals?.close();
  }

  reloadTls(): void {
    this.#listener?.reloadTls();
  }
}

/** The listener of an `HttpReceiver` as its factory names it. @param path where a sender is told to send */
export function httpPostsListener(title: string, path: string): ReceiverListener<HttpPostsConfig> {
  return {
    name: "http",
    title,
    setting: "endpoint",
    endpoint: ({ endpoint }) => endpoint,
    target: ({ tls }, authority) => `${tls === undefined ? "http" : "https"}://${authority}${path}`,
  };
}
