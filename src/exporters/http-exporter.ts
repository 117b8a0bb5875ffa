import type { z } from "zod";
import type { Host } from "../component/component.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import type { LogFragment } from "../model/log.ts";
import type { httpExporterConfig } from "./common-config.ts";
import { type HttpAnswer, HttpSender } from "./http-sender.ts";
import { InFlight } from "./in-flight.ts";
import { countSpans } from "./outcome.ts";
import { readTlsMaterial } from "./tls-options.ts";

export type HttpExporterConfig = z.output<ReturnType<typeof httpExporterConfig>>;

/** One attempt to post a body; never throws. */
export type Post = (body: Uint8Array, contentType: string) => Promise<HttpAnswer>;

/** How one protocol uses HTTP. */
export interface HttpProtocol {
  /** The URL to post to, from the configured endpoint. */
  readonly url: (endpoint: string) => URL;
  readonly userAgent: (host: Host) => string;
  /** Encodes and posts `count` spans. Must not throw. */
  readonly send: (fragments: readonly LogFragment[], count: number, post: Post) => Promise<ExportOutcome>;
}

/** Lifecycle of the exporters that post over HTTP. */
export class HttpExporter implements Exporter {
  readonly #settings: ExporterSettings;
  readonly #config: HttpExporterConfig;
  readonly #protocol: HttpProtocol;
  readonly #inFlight = new InFlight();
  #sender: HttpSender | undefined;

  constructor(settings: ExporterSettings, config: HttpExporterConfig, protocol: HttpProtocol) {
    this.#settings = settings;
    this.#config = config;
    this.#protocol = protocol;
  }

  async start(host: Host): Promise<void> {
    const config = this.#config;
    this.#sender = new HttpSender({
      url: this.#protocol.url(config.endpoint),
      headers: config.headers,
      compression: config.compression,
      timeoutMs: config.timeout_ms,
      userAgent: this.#protocol.userAgent(host),
      tls: await readTlsMaterial(this.#settings.name, config.tls),
      maxSockets: config.sending.concurrency,
    });
  }

  async export(fragments: readonly LogFragment[], signal: AbortSignal): Promise<ExportOutcome> {
    const sender = this.#sender;
    if (sender === undefined) return { type: "retry", reason: `exporter ${this.#settings.name} is not running` };
    const count = countSpans(fragments);
    if (count === 0) return { type: "delivered" };
    return this.#inFlight.run(() =>
      this.#protocol.send(fragments, count, (body, contentType) => sender.post(body, contentType, signal)),
    );
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const sender = this.#sender;
    this.#sender = undefined;
    await this.#inFlight.idle(signal);
    sender?.close();
  }
}
