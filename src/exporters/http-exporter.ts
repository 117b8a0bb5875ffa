import type { Host } from "../component/component.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import type { LogFragment } from "../model/log.ts";
import { type HttpExporterConfig, HttpPoster } from "./http-poster.ts";
import type { HttpAnswer } from "./http-sender.ts";
import { countSpans } from "./outcome.ts";

/** One attempt to post a body; never throws. */
export type Post = (body: Uint8Array, contentType: string) => Promise<HttpAnswer>;

/** How one protocol uses HTTP. */
export interface HttpProtocol {
  /** The URL to post to, from the configured endpoint or an instance's. */
  readonly url: (endpoint: string) => URL;
  /** Path at an instance, where a `discover://` endpoint has none. */
  readonly path?: string;
  readonly userAgent: (host: Host) => string;
  /** Encodes and posts `count` spans. Must not throw. */
  readonly send: (fragments: readonly LogFragment[], count: number, post: Post) => Promise<ExportOutcome>;
}

/** Lifecycle of the exporters that post over HTTP. */
export class HttpExporter implements Exporter {
  readonly #settings: ExporterSettings;
  readonly #config: HttpExporterConfig;
  readonly #protocol: HttpProtocol;
  readonly #poster: HttpPoster;
  #running = false;

  constructor(settings: ExporterSettings, config: HttpExporterConfig, protocol: HttpProtocol) {
    this.#settings = settings;
    this.#config = config;
    this.#protocol = protocol;
    this.#poster = new HttpPoster(settings, config);
  }

  async start(host: Host): Promise<void> {
    const { path, userAgent } = this.#protocol;
    this.#poster.start(host, { path, userAgent: userAgent(host), maxSockets: this.#config.sending.concurrency });
    this.#running = true;
  }

  async export(fragments: readonly LogFragment[], signal: AbortSignal): Promise<ExportOutcome> {
    if (!this.#running) return { type: "retry", reason: `exporter ${this.#settings.name} is not running` };
    const count = countSpans(fragments);
    if (count === 0) return { type: "delivered" };
    const { url, send } = this.#protocol;
    return this.#poster.during(() =>
      send(fragments, count, (bytes, contentType) => this.#poster.post(url, { bytes, contentType }, signal)),
    );
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#running = false;
    await this.#poster.shutdown(signal);
  }
}
