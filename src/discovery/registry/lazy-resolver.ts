import { parseDiscoverEndpoint } from "../../component/discover-endpoint.ts";
import type { EndpointResolver, PickedEndpoint, ResolvedEndpoint } from "../../component/discovery.ts";
import { stopped } from "../../component/errors.ts";
import type { DiscoveryClient } from "./discovery-client.ts";
import { createEndpointResolver } from "./endpoint-resolver.ts";

/**
 * A resolver whose client is opened with the first request and closed with the last endpoint, so that nothing runs
 * where nothing is looked up. An `open` that fails is tried again with the next request, which fails likewise.
 */
export function createLazyResolver(open: () => Promise<DiscoveryClient>): EndpointResolver {
  const shared = new SharedClient(open);
  return {
    resolve(text) {
      const { service, tags } = parseDiscoverEndpoint(text);
      return new LazyEndpoint(text, service, tags, shared);
    },
  };
}

/** One client for all endpoints that are open. */
class SharedClient {
  readonly #open: () => Promise<DiscoveryClient>;
  #users = 0;
  #client: Promise<DiscoveryClient> | undefined;

  constructor(open: () => Promise<DiscoveryClient>) {
    this.#open = open;
  }

  join(): void {
    this.#users++;
  }

  leave(): void {
    this.#users--;
    if (this.#users > 0) return;
    const client = this.#client;
    this.#client = undefined;
    // One that could not be opened has nothing to close.
    client?.then((opened) => opened.close()).catch(() => {});
  }

  get(): Promise<DiscoveryClient> {
    if (this.#client !== undefined) return this.#client;
    const client = this.#open();
    this.#client = client;
    client.catch(() => {
      if (this.#client === client) this.#client = undefined;
    });
    return client;
  }
}

class LazyEndpoint implements ResolvedEndpoint {
  readonly service: string;
  readonly tags: readonly string[];
  readonly #text: string;
  readonly #shared: SharedClient;
  #inner: ResolvedEndpoint | undefined;
  #closed = false;

  constructor(text: string, service: string, tags: readonly string[], shared: SharedClient) {
    this.service = service;
    this.tags = tags;
    this.#text = text;
    this.#shared = shared;
    shared.join();
  }

  async next(signal?: AbortSignal): Promise<PickedEndpoint> {
    this.#refuseClosed();
    if (this.#inner === undefined) {
      const { registry } = await this.#shared.get();
      this.#refuseClosed();
      this.#inner ??= createEndpointResolver(registry).resolve(this.#text);
    }
    return this.#inner.next(signal);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inner?.close();
    this.#shared.leave();
  }

  #refuseClosed(): void {
    if (this.#closed) throw stopped(`discovery of ${this.service}`);
  }
}
