type NumberArray = Uint8Array | Uint32Array | Float64Array;

/** A list of numbers that takes the bytes of its type each. */
export class GrowingNumbers<T extends NumberArray> {
  readonly #make: new (
    length: number,
  ) => T;
  #values: T;
  #length = 0;

  constructor(make: new (length: number) => T) {
    this.#make = make;
    this.#values = new make(64);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new this.#make(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** The list as it is now, without a copy: good until the next `push`. */
  view(): T {
    return this.#values.subarray(0, this.#length) as T;
  }
}
