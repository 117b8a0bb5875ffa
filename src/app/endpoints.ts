import { formatEndpoint, parseEndpoint, reachable } from "../server/endpoint.ts";
import type { Config } from "./config/config.ts";

/** Where a running collector can be reached; each is `host:port` as a URL or, for gRPC, an authority. */
export interface CollectorEndpoints {
  /** OTLP/HTTP base, `http://127.0.0.1:4318`; undefined when that receiver is off. */
  readonly otlpHttp: string | undefined;
  /** OTLP/gRPC authority, `127.0.0.1:4317`. */
  readonly otlpGrpc: string | undefined;
  /** Every listener of every receiver in the order of the config, those that are off included. */
  readonly receivers: readonly ReceiverEndpoint[];
  /** Web UI, read APIs, metrics and health, with the base path and a trailing slash. */
  readonly ui: string;
  /** Authority of Jaeger's gRPC query services, `127.0.0.1:16685`; undefined when off or their port was taken. */
  readonly queryGrpc: string | undefined;
  /** Tempo's API for readers, `http://127.0.0.1:3200`; undefined when off or its port was taken. */
  readonly tempo: string | undefined;
  /** Consul API of the registry, `http://127.0.0.1:8500`; undefined when it is off or its port was taken. */
  readonly registry: string | undefined;
  /** The traced proxy, `http://127.0.0.1:8088`; undefined without routes. */
  readonly proxy: string | undefined;
  /** The real addresses of those three, `0.0.0.0:16686`, where the ones above are how this machine reaches them. */
  readonly listensOn: {
    readonly ui: string;
    readonly registry: string | undefined;
    readonly proxy: string | undefined;
  };
}

export interface ReceiverEndpoint {
  /** The receiver's key in the config: `otlp`, `otlp/second`. */
  readonly receiver: string;
  /** Its name within the receiver: `http`. */
  readonly listener: string;
  /** What people call it: `OTLP/HTTP`. */
  readonly title: string;
  /**
   * Where senders send to, `http://127.0.0.1:4318/v1/traces`, with `https://` where it has TLS; undefined when it is
   * off or its port was taken.
   */
  readonly address: string | undefined;
  /** The real address, `0.0.0.0:4318`, where the one above is how this machine reaches it. */
  readonly listensOn: string | undefined;
}

/** A listener as it is shown to people. */
export interface ListedEndpoint {
  readonly title: string;
  /** How this machine reaches it; undefined when it is off or its port was taken. */
  readonly address: string | undefined;
  /** The real address, where that is another one. */
  readonly listensOn: string | undefined;
}

/** All that listens, in the order in which it is shown: what the banner, the status and the collector's page list. */
export function listedEndpoints(endpoints: CollectorEndpoints): ListedEndpoint[] {
  const { receivers, ui, queryGrpc, tempo, registry, proxy, listensOn } = endpoints;
  const listed = (title: string, address: string | undefined, real?: string): ListedEndpoint => ({
    title,
    address,
    listensOn: real === undefined || address?.includes(real) === true ? undefined : real,
  });
  return [
    listed("web UI and Jaeger API", ui, listensOn.ui),
    listed("Jaeger API (gRPC)", queryGrpc),
    listed("Tempo API", tempo),
    ...receivers.map(({ title, address, listensOn: real }) => listed(title, address, real)),
    listed("registry (Consul API)", registry, listensOn.registry),
    ...(proxy === undefined ? [] : [listed("traced proxy", proxy, listensOn.proxy)]),
  ];
}

/** The two addresses that have names of their own, for senders that are configured by a base. */
export function otlpEndpoints(
  receivers: readonly ReceiverEndpoint[],
): Pick<CollectorEndpoints, "otlpHttp" | "otlpGrpc"> {
  const address = (name: string) =>
    receivers.find(({ receiver, listener }) => receiver === "otlp" && listener === name)?.address;
  const http = address("http");
  return {
    otlpHttp: http === undefined ? undefined : new URL(http).origin,
    otlpGrpc: address("grpc")?.replace(/^https:\/\//, ""),
  };
}

/** Where the web UI of a collector with this config answers on its own machine, unless its port is any free one. */
export function configuredUiUrl({ ui }: Config): string {
  const endpoint = parseEndpoint(ui.endpoint);
  const authority = endpoint === undefined ? ui.endpoint : formatEndpoint(reachable(endpoint));
  return `${ui.tls === undefined ? "http" : "https"}://${authority}${ui.base_path}`;
}
