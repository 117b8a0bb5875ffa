import type { z } from "zod";
import type { Host } from "../component/component.ts";
import { parseDiscoverEndpoint } from "../component/discover-endpoint.ts";
import { isDiscoverEndpoint } from "../component/discovery.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import { isHeldHttpStatus } from "../component/retry.ts";
import type { LogFragment } from "../model/log.ts";
import { messageOf } from "../model/message-of.ts";
import { type ClientTls, openClientTls } from "./client-tls.ts";
import type { httpExporterConfig } from "./common-config.ts";
import { type Destination, openDestination, type PickedDestination } from "./destination.ts";
import { type HttpAnswer, HttpSender } from "./http-sender.ts";
import { InFlight } from "./in-flight.ts";
import { countSpans } from "./outcome.ts";

export type HttpExporterConfig = z.output<ReturnType<typeof httpExporterConfig>>;

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
  readonly #inFlight = new InFlight();
  #sender: HttpSender | undefined;
  #tls: ClientTls | undefined;
  #destination: Destination | undefined;

  constructor(settings: ExporterSettings, config: HttpExporterConfig, protocol: HttpProtocol) {
    this.#settings = settings;
    this.#config = config;
    this.#protocol = protocol;
  }

  async start(host: Host): Promise<void> {
    const config = this.#config;
    const { path } = this.#protocol;
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
      userAgent: this.#protocol.userAgent(host),
      tls: tls.material,
      maxSockets: config.sending.concurrency,
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

  async export(fragments: readonly LogFragment[], signal: AbortSignal): Promise<ExportOutcome> {
    const sender = this.#sender;
    const destination = this.#destination;
    if (sender === undefined || destination === undefined)
      return { type: "retry", reason: `exporter ${this.#settings.name} is not running` };
    const count = countSpans(fragments);
    if (count === 0) return { type: "delivered" };
    return this.#inFlight.run(() =>
      this.#protocol.send(fragments, count, async (body, contentType) => {
        let picked: PickedDestination | undefined;
        let url: URL;
        try {
          picked = await destination.next(signal);
          url = this.#protocol.url(picked.url);
        } catch (error) {
          picked?.done("failure");
          return { type: "failed", reason: messageOf(error) };
        }
        const answer = await sender.post(url, body, contentType, signal);
        picked.done(isFailure(answer) && !signal.aborted ? "failure" : "success");
        return answer;
      }),
    );
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const [sender, destination] = [this.#sender, this.#destination];
    this.#tls?.close();
    this.#sender = undefined;
    this.#destination = undefined;
    await this.#inFlight.idle(signal);
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
