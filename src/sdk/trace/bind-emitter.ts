import type { EventEmitter } from "node:events";

type Listener = (...args: unknown[]) => void;
type Wrap = (listener: Listener) => Listener;

const BOUND = Symbol("spanloom bound emitter");

/**
 * Has an emitter run listeners that are added from now on through `wrap`. The events of a request come from its socket,
 * which knows nothing of the context that its handler ran in. Removing, listing and `once` work by the listener that
 * was given, as the emitter's own do. Binding again takes the place of what was bound before.
 */
export function bindEmitter<T extends EventEmitter>(emitter: T, wrap: Wrap): T {
  const target = emitter as T & { [BOUND]?: { wrap: Wrap } };
  const known = target[BOUND];
  if (known !== undefined) {
    known.wrap = wrap;
    return emitter;
  }
  const state = { wrap };
  Object.defineProperty(target, BOUND, { value: state });
  const own = { on: emitter.on, prependListener: emitter.prependListener };

  const adder = (add: EventEmitter["on"]) =>
    function (this: EventEmitter, event: string | symbol, listener: Listener) {
      return add.call(this, event, marked(state.wrap(listener), listener));
    };
  const onceAdder = (add: EventEmitter["on"]) =>
    function (this: EventEmitter, event: string | symbol, listener: Listener) {
      const run = state.wrap(listener);
      const once = marked((...args) => {
        this.removeListener(event, once);
        return Reflect.apply(run, this, args);
      }, listener);
      return add.call(this, event, once);
    };
  const plain: EventEmitter = emitter;
  plain.on = adder(own.on);
  plain.addListener = plain.on;
  plain.prependListener = adder(own.prependListener);
  plain.once = onceAdder(own.on);
  plain.prependOnceListener = onceAdder(own.prependListener);
  return emitter;
}

/** An EventEmitter finds what it is to remove by the property `listener` too. */
function marked(run: Listener, listener: Listener): Listener {
  if (typeof listener !== "function") return listener;
  const given = (listener as { listener?: unknown }).listener ?? listener;
  return Object.assign(
    function (this: unknown, ...args: unknown[]) {
      return Reflect.apply(run, this, args);
    },
    { listener: given },
  );
}
