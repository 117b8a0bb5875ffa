import { Client, type ClientOptions, credentials, Metadata } from "@grpc/grpc-js";
import type { Compression } from "./common-config.ts";
import { GRPC_ANSWER_LIMIT } from "./grpc-outcome.ts";
import type { ClientTlsMaterial } from "./tls-options.ts";

/** grpc-js's numbers for `grpc.default_compression_algorithm`. */
const COMPRESSION = { none: 0, gzip: 2 } as const;

/** Connections to other instances than the last that are kept although nobody uses them. */
const MAX_IDLE = 32;

/** What is sent beside every message. */
export function createMetadata(headers: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
  return metadata;
}

export interface GrpcClientsSettings {
  readonly userAgent: string;
  readonly compression: Compression;
  readonly secure: boolean;
  readonly tls: ClientTlsMaterial;
}

interface Kept {
  readonly client: Client;
  calls: number;
  /** Another channel has taken its place. */
  retired: boolean;
}

/** One channel for each address that is in use, and for some that were used last. */
export class GrpcClients {
  readonly #settings: GrpcClientsSettings;
  /** Least recently used first. */
  readonly #kept = new Map<string, Kept>();
  #tls: ClientTlsMaterial;
  #closed = false;

  constructor(settings: GrpcClientsSettings) {
    this.#settings = settings;
    this.#tls = settings.tls;
  }

  /** New channels are made with it; calls under way go on over theirs, which are closed after them. */
  useTls(tls: ClientTlsMaterial): void {
    this.#tls = tls;
    for (const kept of this.#kept.values()) {
      kept.retired = true;
      if (kept.calls === 0) kept.client.close();
    }
    this.#kept.clear();
  }

  /** Lends the channel to an address, `host:port`, IPv6 in brackets. @throws Error after close */
  async use<T>(address: string, call: (client: Client) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error("the exporter was stopped");
    const kept = this.#kept.get(address) ?? { client: this.#connect(address), calls: 0, retired: false };
    this.#kept.delete(address);
    this.#kept.set(address, kept);
    kept.calls++;
    this.#dropIdle();
    try {
      return await call(kept.client);
    } finally {
      kept.calls--;
      if (kept.retired && kept.calls === 0) kept.client.close();
    }
  }

  close(): void {
    this.#closed = true;
    for (const { client } of this.#kept.values()) client.close();
    this.#kept.clear();
  }

  #connect(address: string): Client {
    const { userAgent, compression, secure } = this.#settings;
    const tls = this.#tls;
    const options: ClientOptions = {
      "grpc.primary_user_agent": userAgent,
      "grpc.default_compression_algorithm": COMPRESSION[compression],
      "grpc.max_receive_message_length": GRPC_ANSWER_LIMIT,
      "grpc.max_send_message_length": -1,
      // Retries are the caller's, who knows about the queue; the channel's own would hide them.
      "grpc.enable_retries": 0,
      // Connections of their own for each exporter, so that a shutdown can close them.
      "grpc.use_local_subchannel_pool": 1,
      ...(tls.servername === undefined ? {} : { "grpc.ssl_target_name_override": tls.servername }),
    };
    const channelCredentials = secure
      ? credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null, {
          rejectUnauthorized: tls.rejectUnauthorized,
        })
      : credentials.createInsecure();
    return new Client(address, channelCredentials, options);
  }

  #dropIdle(): void {
    const idle = [...this.#kept].filter(([, { calls }]) => calls === 0);
    for (const [address, { client }] of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) {
      client.close();
      this.#kept.delete(address);
    }
  }
}
