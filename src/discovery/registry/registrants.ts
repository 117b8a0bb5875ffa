import { PermanentError } from "../../component/errors.ts";
import type { LocalRecord } from "../instance/local-record.ts";

/** Who asks over the network for a registration. */
export interface Registrant {
  readonly address: string;
  /** Tokens are set, and it has shown one. */
  readonly hasToken: boolean;
}

const DEFAULT_MAX_ANONYMOUS = 1_000;

/**
 * What one peer without a token may register. Who registered what is known since the start of the process; for what was
 * restored the host of the instance stands for it.
 */
export class Registrants {
  readonly #maxAnonymous: number;
  readonly #addresses = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(maxAnonymous = DEFAULT_MAX_ANONYMOUS) {
    this.#maxAnonymous = maxAnonymous;
  }

  /**
   * To be asked before a registration.
   * @throws PermanentError `unauthenticated` for the id of another registrant's healthy service, and for one too many
   */
  admit(id: string, name: string, previous: LocalRecord | undefined, { address, hasToken }: Registrant): void {
    if (hasToken) return;
    if (previous === undefined) {
      if ((this.#counts.get(address) ?? 0) < this.#maxAnonymous) return;
      throw new PermanentError(
        "unauthenticated",
        `registration: ${address} has ${this.#maxAnonymous} instances; more need a token, or a higher discovery.server.max_anonymous_instances`,
      );
    }
    const { instance } = previous;
    if (instance.name === name || instance.health === "unhealthy") return;
    if ((this.#addresses.get(id) ?? instance.host) === address) return;
    throw new PermanentError(
      "unauthenticated",
      `registration: the id ${id} belongs to an instance of ${instance.name}; only its registrant or a token may give it to ${name}`,
    );
  }

  /** The instance is registered, by this process itself where nobody is named. */
  registered(id: string, by: Registrant | undefined): void {
    this.gone(id);
    if (by === undefined || by.hasToken) return;
    this.#addresses.set(id, by.address);
    this.#counts.set(by.address, (this.#counts.get(by.address) ?? 0) + 1);
  }

  gone(id: string): void {
    const address = this.#addresses.get(id);
    if (address === undefined) return;
    this.#addresses.delete(id);
    const left = (this.#counts.get(address) ?? 1) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
