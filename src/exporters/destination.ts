import { completeDiscoverEndpoint, type DiscoverEndpoint } from "../component/discover-endpoint.ts";
import { isDiscoverEndpoint, type ResolvedEndpoint } from "../component/discovery.ts";
import { PermanentError, RetryableError } from "../component/errors.ts";
import type { ExporterSettings } from "../component/export.ts";
import { isLinkLocal, LinkLocalError } from "../model/net/link-local.ts";
import { LINK_LOCAL_RULE } from "./common-config.ts";

/** Where one attempt goes. */
export interface PickedDestination {
  readonly url: string;
  /** Once, with what became of the request. */
  done(outcome: "success" | "failure"): void;
}

/** Where an exporter sends to: one address for ever, or each time an instance of a service. */
export interface Destination {
  /** @throws RetryableError when no instance is known that could be used; the message says why */
  next(signal: AbortSignal): Promise<PickedDestination>;
  /** Idempotent. */
  close(): void;
}

/**
 * Begins to watch the service of a `discover://` endpoint; anything else is its own destination.
 * @param defaults what the protocol puts where a `discover://` endpoint says nothing
 * @throws PermanentError `config_invalid` for `discover://` where the exporter runs without discovery
 */
export function openDestination(
  { name, resolver }: Pick<ExporterSettings, "name" | "resolver">,
  endpoint: string,
  defaults: { readonly scheme?: DiscoverEndpoint["scheme"]; readonly path?: string } = {},
): Destination {
  if (!isDiscoverEndpoint(endpoint)) return { next: async () => ({ url: endpoint, done() {} }), close() {} };
  if (resolver === undefined) {
    throw new PermanentError("config_invalid", `exporters.${name}.endpoint: nothing here can look up ${endpoint}`);
  }
  return new DiscoveredDestination(resolver.resolve(completeDiscoverEndpoint(endpoint, defaults)));
}

class DiscoveredDestination implements Destination {
  readonly #endpoint: ResolvedEndpoint;

  constructor(endpoint: ResolvedEndpoint) {
    this.#endpoint = endpoint;
  }

  async next(signal: AbortSignal): Promise<PickedDestination> {
    const picked = await this.#endpoint.next(signal);
    const { host } = picked.instance;
    if (!isLinkLocal(host)) return picked;
    // Whoever may register an instance must not reach a cloud's metadata service through it.
    picked.done("failure");
    throw new RetryableError(
      "unreachable",
      `${this.#endpoint.service}: ${new LinkLocalError(host, LINK_LOCAL_RULE).message}`,
    );
  }

  close(): void {
    this.#endpoint.close();
  }
}
