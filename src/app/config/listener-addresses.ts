import { otlpGrpcConfig, otlpHttpConfig } from "../../receivers/otlp-config.ts";
import { parseEndpoint } from "../../server/endpoint.ts";
import type { Config } from "./config.ts";

/** A listener that a config turns on. */
export interface ListenerAddress {
  /** `ui.endpoint` */
  readonly configKey: string;
  readonly endpoint: string;
}

export function listenersOf({ receivers, ui, discovery, proxy }: Config): ListenerAddress[] {
  // A key with nothing below it stands for its defaults, as for the receiver.
  const grpc = receivers.otlp.protocols.grpc ?? otlpGrpcConfig.parse({});
  const http = receivers.otlp.protocols.http ?? otlpHttpConfig.parse({});
  const protocols = "receivers.otlp.protocols";
  return [
    ...(grpc.enabled ? [{ configKey: `${protocols}.grpc.endpoint`, endpoint: grpc.endpoint }] : []),
    ...(http.enabled ? [{ configKey: `${protocols}.http.endpoint`, endpoint: http.endpoint }] : []),
    { configKey: "ui.endpoint", endpoint: ui.endpoint },
    ...(discovery.server.enabled
      ? [{ configKey: "discovery.server.endpoint", endpoint: discovery.server.endpoint }]
      : []),
    ...(proxy.routes.length > 0 ? [{ configKey: "proxy.endpoint", endpoint: proxy.endpoint }] : []),
  ];
}

/** One line for each listener whose port an earlier one has on the same address, or on every address. */
export function sharedAddresses(listeners: readonly ListenerAddress[]): string[] {
  return listeners.flatMap(({ configKey, endpoint }, index) => {
    const other = listeners.slice(0, index).find((earlier) => meets(earlier.endpoint, endpoint));
    if (other === undefined) return [];
    return [`${configKey}: expected a port of its own, but ${other.configKey} has it (found "${endpoint}")`];
  });
}

const EVERYWHERE = ["0.0.0.0", "::"];

function meets(a: string, b: string): boolean {
  const [one, two] = [parseEndpoint(a), parseEndpoint(b)];
  if (one === undefined || two === undefined || one.port !== two.port || one.port === 0) return false;
  const [host, otherHost] = [one.host, two.host].map((name) => (name === "localhost" ? "127.0.0.1" : name));
  return host === otherHost || [host, otherHost].some((name) => EVERYWHERE.includes(name as string));
}
