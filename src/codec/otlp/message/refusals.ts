/** How many faults are told with their place. A sender with many makes the same mistake many times. */
const MAX_EXAMPLES = 3;
const MAX_NOTES = 3;

/** Where a span stands in its request. */
export interface SpanPlace {
  readonly resource: number;
  readonly scope: number;
  readonly span: number;
}

/**
 * The spans of one request that cannot be stored, and what else its sender should know. Its size does not grow with
 * theirs.
 */
export class Refusals {
  /** Spans refused. */
  count = 0;
  /** How often for each reason; the reasons are fixed texts. */
  readonly reasons = new Map<string, number>();
  readonly #examples: string[] = [];
  readonly #notes: string[] = [];
  #moreNotes = 0;

  /**
   * Refuses one span, or several that follow each other with one fault.
   * @param example place and fault of the nth of them: `resourceSpans[0].….traceId: expected …`; called for the first
   * few alone
   */
  refuse(reason: string, example: (nth: number) => string, times = 1): void {
    this.count += times;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + times);
    for (let nth = 0; nth < times && this.#examples.length < MAX_EXAMPLES; nth++) this.#examples.push(example(nth));
  }

  /** A group or a list of groups that cannot be read: nobody knows of how many spans, so that it counts as one. */
  refuseGroup(example: () => string): void {
    this.refuse("a group of spans is unreadable", example);
  }

  /** What was lost or changed beside whole spans. */
  note(text: () => string): void {
    if (this.#notes.length < MAX_NOTES) this.#notes.push(text());
    else this.#moreNotes++;
  }

  /** `2 spans refused: trace id is all zero (2); resourceSpans[0]…: expected …, found …`, or "". */
  get message(): string {
    const parts: string[] = [];
    if (this.count > 0) {
      const reasons = Array.from(this.reasons, ([reason, times]) => `${reason} (${times})`);
      parts.push(`${this.count} ${this.count === 1 ? "span" : "spans"} refused: ${reasons.join(", ")}`);
      parts.push(...this.#examples);
      if (this.count > this.#examples.length) parts.push(`${this.count - this.#examples.length} more like these`);
    }
    parts.push(...this.#notes);
    if (this.#moreNotes > 0) parts.push(`${this.#moreNotes} more such notes`);
    return parts.join("; ");
  }
}

/** About how many spans a piece of a large request has at most: to store one takes a millisecond or two a thousand. */
export const PIECE_SPANS = 8_192;

/** Protobuf that can be stored, of a request or of a piece of one. */
export interface MendedTraces {
  /** A TracesData message. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Bits of SPAN_MARK for each span of the body, in its order: what was changed on the way. */
  readonly marks: Uint8Array;
}

/** Marks of the spans of a piece, as they are written. */
export class MarkList {
  count = 0;
  #bits = new Uint8Array(64);

  push(bits: number): void {
    if (this.count === this.#bits.length) {
      const larger = new Uint8Array(this.count * 2);
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[this.count++] = bits;
  }

  /** Adds bits to all from `start` on. */
  add(start: number, bits: number): void {
    if (bits === 0) return;
    for (let row = start; row < this.count; row++) this.#bits[row] = (this.#bits[row] as number) | bits;
  }

  /** What was pushed; the list is empty then. */
  take(): Uint8Array {
    const taken = this.#bits.slice(0, this.count);
    this.count = 0;
    return taken;
  }
}
