import type { Logger } from "../../component/logger.ts";
import type { ServiceInstance, ServiceRegistry } from "../registry/registry-client.ts";

/** How long a call waits for a registry when it could go on with what is known, ms. */
const PATIENCE_MS = 1_000;

interface Known {
  instances: readonly ServiceInstance[] | undefined;
  /** The question that is under way, and when to wait for it no longer. */
  asking: { readonly answer: Promise<readonly ServiceInstance[]>; readonly patience: Promise<void> } | undefined;
}

export interface KnownInstancesSettings {
  readonly registry: ServiceRegistry;
  readonly logger: Logger;
}

/**
 * What a registry says of services. One question of a kind is under way at a time; while a registry is away, or takes
 * more than a second, calls go on with the instances that it named last.
 */
export class KnownInstances {
  readonly #settings: KnownInstancesSettings;
  readonly #known = new Map<string, Known>();

  constructor(settings: KnownInstancesSettings) {
    this.#settings = settings;
  }

  /** Rejects with the registry's error where nothing was ever known. */
  async find(name: string, tags: readonly string[]): Promise<readonly ServiceInstance[]> {
    const key = JSON.stringify([name, ...tags]);
    const entry = this.#known.get(key) ?? { instances: undefined, asking: undefined };
    this.#known.set(key, entry);
    entry.asking ??= this.#ask(entry, name, tags);
    const { answer, patience } = entry.asking;
    const last = entry.instances;
    if (last === undefined) return answer;
    try {
      return (await Promise.race([answer, patience])) ?? this.#fallBack(name, last, "no answer in time");
    } catch (error) {
      return this.#fallBack(name, last, String(error));
    }
  }

  #ask(entry: Known, name: string, tags: readonly string[]): NonNullable<Known["asking"]> {
    const { registry } = this.#settings;
    const answer = (async () => registry.discover(name, tags))()
      .then((found) => {
        entry.instances = found;
        return found;
      })
      .finally(() => {
        entry.asking = undefined;
      });
    // Whoever waits is told; nobody may be waiting any more.
    answer.catch(() => {});
    const patience = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
    return { answer, patience };
  }

  #fallBack(service: string, last: readonly ServiceInstance[], reason: string): readonly ServiceInstance[] {
    const message = "the registry does not answer; the instances that it named last are used";
    this.#settings.logger.warn(message, { service, reason });
    return last;
  }
}
