import { isIP } from "node:net";
import type { InstanceHealth, ServiceInstance } from "../../component/discovery.ts";
import { authority, byId } from "../instance/instance.ts";
import { asArray, asObject, asPort, asText, asTextRecord, type JsonObject } from "./read-json.ts";

export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

export interface SliceOptions {
  /** The port to use, by name; undefined is the first. */
  readonly portName: string | undefined;
  /** Labels with this prefix are tags: `<prefix>production: "true"` is the tag `production`. */
  readonly tagLabelPrefix: string;
}

/** Namespace and name: the identity of a slice. */
export function sliceKey(slice: JsonObject): string {
  const metadata = asObject(slice.metadata);
  return `${asText(metadata.namespace)}/${asText(metadata.name)}`;
}

/** The service that a slice belongs to; empty for none. */
export function serviceOfSlice(slice: JsonObject): string {
  return asText(asObject(asObject(slice.metadata).labels)[SERVICE_NAME_LABEL]);
}

/**
 * The endpoints of all slices of one service (discovery.k8s.io/v1). `ready` is healthy, also where it is not given.
 * When none is ready, endpoints that terminate but still serve count as healthy, as kube-proxy has it. The same address
 * in several slices is one instance, at its best health.
 */
export function instancesOfSlices(slices: Iterable<JsonObject>, options: SliceOptions): ServiceInstance[] {
  const found = new Map<string, { instance: ServiceInstance; draining: boolean }>();
  for (const slice of slices) {
    const port = portOf(slice, options.portName);
    if (port === undefined) continue;
    const labels = asTextRecord(asObject(slice.metadata).labels);
    const tags = Object.entries(labels)
      .filter(([key, value]) => key.startsWith(options.tagLabelPrefix) && value !== "false")
      .map(([key]) => key.slice(options.tagLabelPrefix.length));
    for (const value of asArray(slice.endpoints)) {
      const endpoint = asObject(value);
      const entry = readEndpoint(slice, endpoint, port, tags);
      if (entry === undefined) continue;
      const known = found.get(entry.instance.id);
      if (known === undefined || rank(entry) > rank(known)) found.set(entry.instance.id, entry);
    }
  }
  const entries = [...found.values()];
  const anyReady = entries.some(({ instance }) => instance.health === "healthy");
  return entries
    .map(({ instance, draining }): ServiceInstance => {
      return !anyReady && draining ? { ...instance, health: "healthy" } : instance;
    })
    .sort(byId);
}

function rank({ instance, draining }: { instance: ServiceInstance; draining: boolean }): number {
  return instance.health === "healthy" ? 2 : draining ? 1 : 0;
}

function readEndpoint(slice: JsonObject, endpoint: JsonObject, port: number, tags: string[]) {
  // All addresses of one endpoint are the same thing; consumers use the first (EndpointSlice API).
  const host = asText(asArray(endpoint.addresses)[0]);
  if (host === "" || (asText(slice.addressType) !== "FQDN" && isIP(host) === 0)) return undefined;
  const conditions = asObject(endpoint.conditions);
  const ready = conditions.ready !== false;
  const terminating = conditions.terminating === true;
  const serving = conditions.serving === undefined || conditions.serving === null ? ready : conditions.serving === true;
  const health: InstanceHealth = ready && !terminating ? "healthy" : "unhealthy";
  const metadata = asObject(slice.metadata);
  const name = asText(asObject(metadata.labels)[SERVICE_NAME_LABEL]);
  const target = asObject(endpoint.targetRef);
  const instance: ServiceInstance = {
    id: `${asText(metadata.namespace)}/${name}@${authority(host, port)}`,
    name,
    host,
    port,
    tags,
    metadata: {
      namespace: asText(metadata.namespace),
      ...text("pod", asText(target.kind) === "Pod" ? asText(target.name) : ""),
      ...text("node", asText(endpoint.nodeName)),
      ...(terminating ? { terminating: "true", serving: String(serving) } : {}),
    },
    weight: 1,
    zone: asText(endpoint.zone) || undefined,
    health,
    lastHeartbeatMs: undefined,
    ttlMs: 0,
  };
  return { instance, draining: terminating && serving };
}

function portOf(slice: JsonObject, portName: string | undefined): number | undefined {
  for (const value of asArray(slice.ports)) {
    const port = asObject(value);
    const protocol = asText(port.protocol) || "TCP";
    if (protocol === "TCP" && (portName === undefined || asText(port.name) === portName)) return asPort(port.port);
  }
  return undefined;
}

function text(key: string, value: string): Record<string, string> {
  return value === "" ? {} : { [key]: value };
}
