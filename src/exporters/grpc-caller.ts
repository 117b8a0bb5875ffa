import type { Client, Metadata, ServiceError } from "@grpc/grpc-js";
import type { Host } from "../component/component.ts";
import type { ExporterSettings } from "../component/export.ts";
import { onAbort } from "../component/signals.ts";
import { GRPC_STATUS } from "../model/grpc-status.ts";
import { messageOf } from "../model/message-of.ts";
import { type ClientTls, openClientTls } from "./client-tls.ts";
import type { ClientTlsConfig, Compression } from "./common-config.ts";
import { type Destination, openDestination, type PickedDestination } from "./destination.ts";
import type { GrpcClients } from "./grpc-clients.ts";
import { parseGrpcEndpoint } from "./grpc-endpoint.ts";
import { InFlight } from "./in-flight.ts";

export interface GrpcCallerOptions {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: Compression;
  readonly tls: ClientTlsConfig | undefined;
  readonly secure: boolean;
  /** For one call, ms. */
  readonly timeoutMs: number;
}

/** There was no answer. */
export interface NoAnswer {
  readonly type: "retry";
  readonly reason: string;
}

/** What a call came to, as whoever made it reads it. */
type ReadAnswer<T> = (error: ServiceError | null, answer: Uint8Array | undefined) => T;

/** Calls methods at the destination of a gRPC exporter: its endpoint, or an instance each time. */
export class GrpcCaller {
  readonly #settings: ExporterSettings;
  readonly #options: GrpcCallerOptions;
  readonly #inFlight = new InFlight();
  #clients: GrpcClients | undefined;
  #metadata: Metadata | undefined;
  #tls: ClientTls | undefined;
  #destination: Destination | undefined;

  constructor(settings: ExporterSettings, options: GrpcCallerOptions) {
    this.#settings = settings;
    this.#options = options;
  }

  /** @throws PermanentError `config_invalid`; then nothing stays open */
  async start(host: Host): Promise<void> {
    const { endpoint, headers, compression, tls, secure } = this.#options;
    // Loaded by those who use it: it is large, and most collectors forward nothing over gRPC.
    const { createMetadata, GrpcClients } = await import("./grpc-clients.ts");
    this.#metadata = createMetadata(headers);
    const files = openClientTls(this.#settings.name, tls, host.logger);
    try {
      this.#destination = openDestination(this.#settings, endpoint, { scheme: "grpc" });
    } catch (error) {
      files.close();
      throw error;
    }
    this.#tls = files;
    const clients = new GrpcClients({
      userAgent: `OTel-OTLP-Exporter-${host.userAgent}`,
      compression,
      secure,
      tls: files.material,
    });
    files.onChange((material) => clients.useTls(material));
    this.#clients = clients;
  }

  /** One attempt with the bytes of a message. Never throws, but for what `read` throws. */
  async call<T extends { readonly type: string }>(
    method: string,
    body: Uint8Array,
    signal: AbortSignal,
    read: ReadAnswer<T>,
  ): Promise<T | NoAnswer> {
    const [clients, destination] = [this.#clients, this.#destination];
    if (clients === undefined || destination === undefined) {
      return { type: "retry", reason: `exporter ${this.#settings.name} is not running` };
    }
    return this.#inFlight.run(() =>
      this.#attempt(clients, destination, signal, (client) => this.#call(client, method, body, signal, read)),
    );
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const [clients, destination] = [this.#clients, this.#destination];
    this.#tls?.close();
    this.#clients = undefined;
    this.#destination = undefined;
    await this.#inFlight.idle(signal);
    clients?.close();
    destination?.close();
  }

  async #attempt<T extends { readonly type: string }>(
    clients: GrpcClients,
    destination: Destination,
    signal: AbortSignal,
    call: (client: Client) => Promise<T | NoAnswer>,
  ): Promise<T | NoAnswer> {
    let picked: PickedDestination | undefined;
    let outcome: T | NoAnswer;
    try {
      picked = await destination.next(signal);
      const target = parseGrpcEndpoint(picked.url);
      if (target === undefined) throw new Error(`${picked.url} is no address that can be called`);
      outcome = await clients.use(target.address, call);
    } catch (error) {
      outcome = { type: "retry", reason: messageOf(error) };
    }
    // Refusing what was sent speaks against that, not against the instance.
    picked?.done(outcome.type === "retry" && !signal.aborted ? "failure" : "success");
    return outcome;
  }

  #call<T extends { readonly type: string }>(
    client: Client,
    method: string,
    body: Uint8Array,
    signal: AbortSignal,
    read: ReadAnswer<T>,
  ): Promise<T | NoAnswer> {
    return new Promise((resolve) => {
      let release = (): void => {};
      const onAnswer = (error: ServiceError | null, answer?: Buffer) => {
        release();
        if (error?.code === GRPC_STATUS.cancelled && signal.aborted)
          resolve({ type: "retry", reason: "stopped while it was sent" });
        else resolve(read(error, answer));
      };
      const call = client.makeUnaryRequest<Uint8Array, Buffer>(
        method,
        (message) => Buffer.from(message.buffer, message.byteOffset, message.byteLength),
        (message) => message,
        body,
        this.#metadata as Metadata,
        { deadline: Date.now() + this.#options.timeoutMs },
        onAnswer,
      );
      release = onAbort(signal, () => call.cancel());
    });
  }
}
