import { AsyncLocalStorage } from "node:async_hooks";
import type { EventEmitter } from "node:events";
import type { Baggage, Propagated } from "../../propagation/context.ts";
import { bindEmitter } from "./bind-emitter.ts";
import type { Span } from "./span.ts";

/** What is current in one chain of asynchronous calls. */
export interface ActiveContext {
  readonly span: Span | undefined;
  /** What the caller sent, until a span of this process continues it. */
  readonly remote: Propagated | undefined;
  readonly baggage: Baggage;
  /** Set while spans are sent, so that sending makes no spans. */
  readonly suppressed: boolean;
  /** A context of another tracing API that lives beside this one. */
  readonly foreign: unknown;
}

export const EMPTY_CONTEXT: ActiveContext = {
  span: undefined,
  remote: undefined,
  baggage: [],
  suppressed: false,
  foreign: undefined,
};

/** The current context of one tracing instance; it follows promises, timers and events as AsyncLocalStorage does. */
export class ContextStore {
  readonly #storage = new AsyncLocalStorage<ActiveContext>();

  current(): ActiveContext {
    return this.#storage.getStore() ?? EMPTY_CONTEXT;
  }

  /** Runs `run` with `change` applied to the current context. */
  with<T>(change: Partial<ActiveContext>, run: () => T): T {
    return this.#storage.run({ ...this.current(), ...change }, run);
  }

  /** A function that runs `run` in what is current now. */
  bind<Args extends readonly unknown[], T>(run: (...args: Args) => T): (...args: Args) => T {
    const context = this.current();
    return (...args) => this.#storage.run(context, () => run(...args));
  }

  /**
   * Has listeners that are added to the emitter from now on run in what is current when they are added, or, where no
   * span is active then, in what is current now.
   */
  bindEmitter<T extends EventEmitter>(emitter: T): T {
    const bound = this.current();
    return bindEmitter(emitter, (listener) => {
      const current = this.current();
      const context = current.span === undefined ? bound : current;
      const storage = this.#storage;
      return function (this: unknown, ...args) {
        return storage.run(context, () => Reflect.apply(listener, this, args));
      };
    });
  }

  disable(): void {
    this.#storage.disable();
  }
}
