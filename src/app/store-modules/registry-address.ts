/** Longest address that is told, bytes of UTF-8: a host name and a port. */
const MAX_BYTES = 512;
const UNKNOWN = 0;
const NONE = -1;

/**
 * Tells other threads where the collector's own registry listens, in memory that they share: their modules get their
 * config before it does, and a thread that is started anew must find the address too.
 */
export interface RegistryAddress {
  /** Survives structured clone. */
  readonly memory: SharedArrayBuffer;
  /** @param address `host:port`; undefined when there is no listener */
  tell(address: string | undefined): void;
}

export function createRegistryAddress(): RegistryAddress {
  const memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT + MAX_BYTES);
  return {
    memory,
    tell(address) {
      const bytes = new TextEncoder().encode(address ?? "");
      if (bytes.length > MAX_BYTES) throw new RangeError(`an address of more than ${MAX_BYTES} bytes: ${address}`);
      new Uint8Array(memory, Int32Array.BYTES_PER_ELEMENT).set(bytes);
      // Last, and atomically: who sees the length sees the bytes too.
      Atomics.store(new Int32Array(memory, 0, 1), 0, address === undefined ? NONE : bytes.length);
    },
  };
}

/** What was told, from any thread; `unknown` before anything was. */
export function readRegistryAddress(memory: SharedArrayBuffer): "unknown" | "none" | { readonly address: string } {
  const length = Atomics.load(new Int32Array(memory, 0, 1), 0);
  if (length === UNKNOWN) return "unknown";
  if (length === NONE) return "none";
  // A copy: text decoders take no shared memory.
  return { address: new TextDecoder().decode(new Uint8Array(memory, Int32Array.BYTES_PER_ELEMENT, length).slice()) };
}
