import type { z } from "zod";
import type { Host } from "../component/component.ts";
import { parseDiscoverEndpoint } from "../component/discover-endpoint.ts";
import { isDiscoverEndpoint } from "../component/discovery.ts";
import type { ExporterSettings } from "../component/export.ts";
import { isHeldHttpStatus } from "../component/retry.ts";
import { messageOf } from "../model/message-of.ts";
import { type ClientTls, openClientTls } from "./client-tls.ts";
import type { httpExporterConfig } from "./common-config.ts";
import { type Destination, openDestination, type PickedDestination } from "./destination.ts";
import { type HttpAnswer, HttpSender } from "./http-sender.ts";
import { InFlight } from "./in-flight.ts";

export type HttpExporterConfig = z.output<ReturnType<typeof httpExporterConfig>>;

export interface HttpPosterOptions {
  /** Path at an instance, where a `discover://` endpoint has none. */
  readonly path?: string | undefined;
  readonly userAgent: string;
  /** Most connections at once. */
  readonly maxSockets: number;
}

export interface PostedBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** The same in gzip, where it is there already. */
  readonly gzipped?: Uint8Array | undefined;
}

/** Posts bodies to the destination of an HTTP exporter: its endpoint, or an instance each time. */
export class HttpPoster {
  readonly #settings: ExporterSettings;
  readonly #config: HttpExporterConfig;
  readonly #inFlight = new InFlight();
  #sender: HttpSender | undefined;
  #tls: ClientTls | undefined;
  #destination: Destination | undefined;

  constructor(settings: ExporterSettings, config: HttpExporterConfig) {
    this.#settings = settings;
    this.#config = config;
  }

  /** @throws PermanentError `config_invalid`; then nothing stays open */
  start(host: Host, { path, userAgent, maxSockets }: HttpPosterOptions): void {
    const config = this.#config;
    const tls = openClientTls(this.#settings.name, config.tls, host.logger);
    try {
      this.#destination = openDestination(this.#settings, config.endpoint, path === undefined ? {} : { path });
    } catch (error) {
      tls.close();
      throw error;
    }
    this.#tls = tls;
    const sender = new HttpSender({
      secure: isSecure(config.endpoint),
      headers: config.headers,
      compression: config.compression,
      timeoutMs: config.timeout_ms,
      userAgent,
      tls: tls.material,
      maxSockets,
      onPlain: (url) =>
        host.logger.warn("the destination does not take gzip; bodies go uncompressed from now on", {
          exporter: this.#settings.name,
          host: url.host,
          setting: `exporters.${this.#settings.name}.compression: none`,
        }),
    });
    tls.onChange((material) => sender.useTls(material));
    this.#sender = sender;
  }

  /** Holds the connections open until `work` is done. */
  during<T>(work: () => Promise<T>): Promise<T> {
    return this.#inFlight.run(work);
  }

  /**
   * One attempt; never throws.
   * @param urlOf the URL to post to, from the configured endpoint or an instance's
   */
  async post(urlOf: (endpoint: string) => URL, body: PostedBody, signal: AbortSignal): Promise<HttpAnswer> {
    const [sender, destination] = [this.#sender, this.#destination];
    if (sender === undefined || destination === undefined) {
      return { type: "failed", reason: `exporter ${this.#settings.name} is not running` };
    }
    let picked: PickedDestination | undefined;
    let url: URL;
    try {
      picked = await destination.next(signal);
      url = urlOf(picked.url);
    } catch (error) {
      picked?.done("failure");
      return { type: "failed", reason: messageOf(error) };
    }
    const answer = await sender.post(url, body.bytes, body.contentType, signal, body.gzipped);
    picked.done(isFailure(answer) && !signal.aborted ? "failure" : "success");
    return answer;
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const [sender, destination] = [this.#sender, this.#destination];
    this.#tls?.close();
    await this.#inFlight.idle(signal);
    this.#sender = undefined;
    this.#destination = undefined;
    sender?.close();
    destination?.close();
  }
}

function isSecure(endpoint: string): boolean {
  return isDiscoverEndpoint(endpoint)
    ? parseDiscoverEndpoint(endpoint).scheme === "https"
    : new URL(endpoint).protocol === "https:";
}

/** What speaks against the instance; refusing spans speaks against the spans. */
function isFailure(answer: HttpAnswer): boolean {
  if (answer.type === "failed") return true;
  const { status } = answer;
  return (status < 200 || status >= 300) && status !== 413 && isHeldHttpStatus(status);
}
