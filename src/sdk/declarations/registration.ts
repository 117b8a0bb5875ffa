import type { Logger } from "../../component/logger.ts";
import { messageOf } from "../../model/message-of.ts";
import type { Registration, ServiceRegistry } from "../registry/registry-client.ts";

/** Heartbeats in one TTL: two may be lost before the registration expires. */
const HEARTBEATS_PER_TTL = 3;

/**
 * Keeps one instance registered. A registry that is away, or that has forgotten the instance, is told again at the next
 * heartbeat; the service works meanwhile.
 */
export class RegistrationKeeper {
  readonly #registry: ServiceRegistry;
  readonly #registration: Registration;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #registered = false;
  #beating: Promise<void> | undefined;

  constructor(registry: ServiceRegistry, registration: Registration, logger: Logger) {
    this.#registry = registry;
    this.#registration = registration;
    this.#logger = logger;
  }

  /** True when the registry has answered the last registration or heartbeat with yes. */
  get registered(): boolean {
    return this.#registered;
  }

  /** Registers and starts heartbeats. Does not reject when the registry is away. */
  async start(): Promise<void> {
    await this.#beat();
    const intervalMs = (this.#registration.ttlSeconds * 1000) / HEARTBEATS_PER_TTL;
    this.#timer = setInterval(() => void this.#beat(), intervalMs);
    this.#timer.unref();
  }

  /** Ends heartbeats and deregisters. Does not reject: the registration expires if the registry is away. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    if (!this.#registered) return;
    this.#registered = false;
    await this.#registry.deregister(this.#registration.id).catch((error: unknown) => this.#failed("deregister", error));
  }

  /** One heartbeat; never two at once, so a slow registry is not asked faster than it answers. */
  #beat(): Promise<void> {
    this.#beating ??= this.#registerOrBeat().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #registerOrBeat(): Promise<void> {
    try {
      if (this.#registered && (await this.#registry.heartbeat(this.#registration.id))) return;
      await this.#registry.register(this.#registration);
      this.#registered = true;
    } catch (error) {
      this.#registered = false;
      this.#failed("register", error);
    }
  }

  #failed(what: string, error: unknown): void {
    const reason = messageOf(error);
    this.#logger.warn(`could not ${what} the service`, { service: this.#registration.name, reason });
  }
}
