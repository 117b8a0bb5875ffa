import { hostname } from "node:os";
import type { Registration } from "../component/discovery.ts";
import type { Endpoint } from "../component/endpoint.ts";
import type { Logger } from "../component/logger.ts";
import type { ServiceRegistry } from "../discovery/registry/registry.ts";
import { formatEndpoint, isEveryAddress, isLoopback, parseEndpoint } from "../server/endpoint.ts";
import { componentType } from "./config/components.ts";
import type { Config } from "./config/config.ts";
import type { CollectorEndpoints } from "./endpoints.ts";
import { readVersion } from "./version.ts";

/** A listener of this process. */
export interface OwnListener {
  /** By which lookups ask for it: `otlp_http`. */
  readonly tag: string;
  /** `host:port` that it is bound to. */
  readonly listensOn: string;
  readonly secure: boolean;
}

/** What keeps this process in the registry. */
export interface SelfRegistration {
  /** Deregisters. Gives up when the signal aborts; then the registry finds out when their TTL has run out. */
  withdraw(signal: AbortSignal): Promise<void>;
}

/** The listeners of a collector that others send to or ask; the registry's own is what they have found already. */
export function listenersOfCollector({ receivers, ui, proxy, listensOn }: CollectorEndpoints): OwnListener[] {
  return [
    ...receivers.flatMap((one) =>
      one.listensOn === undefined
        ? []
        : [
            {
              tag: `${componentType(one.receiver)}_${one.listener}`,
              listensOn: one.listensOn,
              secure: isSecure(one.address),
            },
          ],
    ),
    { tag: "ui", listensOn: listensOn.ui, secure: isSecure(ui) },
    ...(listensOn.proxy === undefined ? [] : [{ tag: "proxy", listensOn: listensOn.proxy, secure: isSecure(proxy) }]),
  ];
}

/**
 * Registers listeners as `discovery.register` says, and keeps them registered: heartbeats, and once more where the
 * registry has lost them. It does not wait for the registry, which may come later.
 */
export function registerSelf(
  config: Config,
  registry: ServiceRegistry,
  listeners: readonly OwnListener[],
  logger: Logger,
): SelfRegistration {
  const { register } = config.discovery;
  const ids = new Set<string>();
  for (const listener of register.enabled ? listeners : []) {
    const registration = registrationOf(config, listener);
    if (registration === undefined) {
      logger.warn("a listener is not registered: other machines do not reach it", {
        listener: listener.tag,
        address: listener.listensOn,
        setting: "discovery.register.host",
      });
      continue;
    }
    ids.add(registration.id);
    registry.announce(registration, register.ttl_ms);
  }
  return {
    async withdraw(signal) {
      const all = Promise.all(Array.from(ids, (id) => registry.withdraw(id)));
      await Promise.race([all, aborted(signal)]);
    },
  };
}

/** Undefined for a listener that whoever reads the registry may not reach. */
function registrationOf({ discovery }: Config, { tag, listensOn, secure }: OwnListener): Registration | undefined {
  const { register, backend } = discovery;
  const bound = parseEndpoint(listensOn) as Endpoint;
  const isHidden = isLoopback(bound.host) && backend !== "local";
  if (register.host === undefined && isHidden) return undefined;
  const host = register.host ?? (isEveryAddress(bound.host) ? hostname() : bound.host);
  const { port } = bound;
  const { name, tags, metadata, weight, zone } = register;
  return {
    id: `${name}-${tag}@${formatEndpoint({ host, port })}`,
    name,
    host,
    port,
    tags: [...new Set([tag, ...tags])],
    metadata: { version: readVersion(), tls: String(secure), ...metadata },
    weight,
    ...(zone === undefined ? {} : { zone }),
    ...(register.check ? { check: { type: "tcp", host, port } } : {}),
  };
}

function isSecure(url: string | undefined): boolean {
  return url?.startsWith("https:") === true;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
