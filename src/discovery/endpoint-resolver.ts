import type { EndpointResolver } from "../component/discovery.ts";
import { PermanentError } from "../component/errors.ts";
import { authority } from "./instance.ts";
import type { ServiceRegistry } from "./registry.ts";

const SCHEMES = ["http", "https", "grpc"] as const;
const KEYS = ["tag", "scheme"];

export interface DiscoverEndpoint {
  readonly service: string;
  readonly tags: readonly string[];
  readonly scheme: (typeof SCHEMES)[number];
  /** With leading slash, or empty. */
  readonly path: string;
}

/** Reads `discover://name/path?tag=a&tag=b&scheme=https`. @throws PermanentError `config_invalid` */
export function parseDiscoverEndpoint(text: string): DiscoverEndpoint {
  const refuse = (why: string): never => {
    throw new PermanentError(
      "config_invalid",
      `${JSON.stringify(text)}: ${why}; expected discover://service?tag=…, as discover://jaeger-collector?tag=production`,
    );
  };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== "discover:" || url.hostname === "") return refuse("no service is named");
  if (url.username !== "" || url.password !== "" || url.port !== "" || url.hash !== "") {
    return refuse("a service name has no user, port or fragment");
  }
  for (const key of url.searchParams.keys()) {
    if (!KEYS.includes(key)) return refuse(`unknown key "${key}"; known: ${KEYS.join(", ")}`);
  }
  const scheme = url.searchParams.get("scheme") ?? "http";
  if (!SCHEMES.some((known) => known === scheme))
    return refuse(`unknown scheme "${scheme}"; known: ${SCHEMES.join(", ")}`);
  const tags = url.searchParams.getAll("tag");
  if (tags.includes("")) return refuse("a tag is empty");
  let service: string;
  try {
    service = decodeURIComponent(url.hostname);
  } catch {
    return refuse("the service name has a broken percent escape");
  }
  const path = url.pathname === "/" ? "" : url.pathname;
  return { service, tags, scheme: scheme as DiscoverEndpoint["scheme"], path };
}

/**
 * Resolves `discover://` endpoints: each service is watched, every request goes to an instance chosen by weight, and
 * instances that fail in a row are ejected for a while, never more than half of them.
 */
export function createEndpointResolver(registry: ServiceRegistry): EndpointResolver {
  return {
    resolve(endpoint) {
      const { service, tags, scheme, path } = parseDiscoverEndpoint(endpoint);
      const pool = registry.pool(service, tags);
      const abort = new AbortController();
      // Holds the watch open between requests.
      void hold(registry.watch(service, tags, abort.signal));
      return {
        service,
        tags,
        async next(signal) {
          const { instance, done } = await pool.pick(signal);
          const target = authority(instance.host, instance.port);
          return { instance, done, url: scheme === "grpc" ? target : `${scheme}://${target}${path}` };
        },
        close: () => abort.abort(),
      };
    },
  };
}

async function hold(changes: AsyncIterable<unknown>): Promise<void> {
  const iterator = changes[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}
