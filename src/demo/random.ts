/** Seeded pseudo-random numbers (mulberry32): the same seed gives the same numbers everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number in [from, to]. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)] as T;
  }

  /** A duration in µs around `typical`, with the long tail that real services have. */
  latency(typical: number): number {
    const tail = this.next() < 0.02 ? 3 + this.next() * 4 : 1;
    return Math.max(1, Math.round(typical * (0.6 + this.next() * 0.8) * tail));
  }

  /** Hex digits of `bytes` random bytes, never all zero. */
  hex(bytes: number): string {
    let text = "";
    for (let i = 0; i < bytes; i++)
      text += this.int(i === 0 ? 1 : 0, 255)
        .toString(16)
        .padStart(2, "0");
    return text;
  }

  /** A UUID of version 4. */
  uuid(): string {
    const id = this.hex(16);
    return `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-a${id.slice(17, 20)}-${id.slice(20)}`;
  }
}
