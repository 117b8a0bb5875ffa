import { PermanentError } from "./errors.ts";

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
 * The endpoint with what it leaves out: each protocol has a scheme and a path of its own.
 * @param text one that `parseDiscoverEndpoint` reads
 */
export function completeDiscoverEndpoint(
  text: string,
  defaults: { readonly scheme?: DiscoverEndpoint["scheme"]; readonly path?: string },
): string {
  const url = new URL(text);
  if (defaults.scheme !== undefined && !url.searchParams.has("scheme")) url.searchParams.set("scheme", defaults.scheme);
  if (defaults.path !== undefined && (url.pathname === "" || url.pathname === "/")) url.pathname = defaults.path;
  return url.href;
}
