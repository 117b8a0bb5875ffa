/** A map that forgets what was set or asked for longest ago when it holds more than `capacity` entries. */
export class BoundedMap<K, V> {
  readonly #capacity: number;
  readonly #onForgotten: (value: V) => void;
  readonly #entries = new Map<K, V>();

  /** `onForgotten` is told of every value that had to go, not of those that were replaced or deleted. */
  constructor(capacity: number, onForgotten: (value: V) => void = () => {}) {
    this.#capacity = capacity;
    this.#onForgotten = onForgotten;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Does not count as asking. */
  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return;
    for (const [oldest, forgotten] of this.#entries) {
      this.#entries.delete(oldest);
      this.#onForgotten(forgotten);
      return;
    }
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  /** What would be forgotten first comes first. */
  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }

  clear(): void {
    this.#entries.clear();
  }
}
