import type { HealthCheckSpec, Registration } from "../component/discovery.ts";
import { parseEndpoint } from "../server/endpoint.ts";
import { authority } from "./instance/instance.ts";

/** Where the collector can be reached, each as `host:port`; undefined for what is off. */
export interface CollectorAddresses {
  readonly otlpHttp?: string | undefined;
  readonly otlpGrpc?: string | undefined;
  readonly jaeger?: string | undefined;
  readonly zipkin?: string | undefined;
  readonly ui?: string | undefined;
}

const SERVICES: Readonly<
  Record<keyof CollectorAddresses, { readonly name: string; readonly check: "http" | "tcp" | "grpc" }>
> = {
  otlpHttp: { name: "spanloom-otlp-http", check: "tcp" },
  otlpGrpc: { name: "spanloom-otlp-grpc", check: "grpc" },
  jaeger: { name: "spanloom-jaeger", check: "tcp" },
  zipkin: { name: "spanloom-zipkin", check: "tcp" },
  ui: { name: "spanloom-ui", check: "http" },
};

/**
 * The collector's own listeners as instances to announce, each with a check where the registry runs some.
 * @param addresses as other machines reach them; what cannot be read as `host:port` is left out
 */
export function collectorInstances(addresses: CollectorAddresses, version: string): Registration[] {
  return (Object.keys(SERVICES) as (keyof CollectorAddresses)[]).flatMap((key) => {
    const endpoint = parseEndpoint(addresses[key] ?? "");
    if (endpoint === undefined || endpoint.port === 0) return [];
    const { host, port } = endpoint;
    const { name, check } = SERVICES[key];
    const target = authority(host, port);
    const spec: HealthCheckSpec =
      check === "http" ? { type: "http", url: `http://${target}/healthz` } : { type: check, host, port };
    return { id: `${name}@${target}`, name, host, port, tags: ["collector"], metadata: { version }, check: spec };
  });
}
