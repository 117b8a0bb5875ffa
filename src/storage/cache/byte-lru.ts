/** Least-recently-used values, bounded by the sum of their sizes in bytes. */
export class ByteLru<Value> {
  readonly #maxBytes: number;
  readonly #onDropped: (value: Value) => void;
  readonly #entries = new Map<number, { readonly value: Value; readonly bytes: number }>();
  #bytes = 0;

  /** `onDropped` is told of every value that is not kept any longer. */
  constructor(maxBytes: number, onDropped: (value: Value) => void = () => {}) {
    this.#maxBytes = maxBytes;
    this.#onDropped = onDropped;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: number): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps `value`, unless it alone is larger than the bound, and lets go of the oldest beyond it. */
  set(key: number, value: Value, bytes: number): void {
    this.#drop(key);
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
  }

  /** Lets go of every key for which `gone` holds. */
  removeWhere(gone: (key: number) => boolean): void {
    for (const key of [...this.#entries.keys()]) if (gone(key)) this.#drop(key);
  }

  #drop(key: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    this.#onDropped(entry.value);
  }
}
