import { SPAN_KIND } from "../../model/span.ts";

// What a look-up reads of every entry stands together, mostly in one cache line.
const TRACE = 0;
const ID_LOW = 1;
const ID_HIGH = 2;
/** Sequence of the entry before this one in the same chain. */
const NEXT_SPAN = 3;
const SERVICE = 4;
const FINGERPRINT = 5;
const PARENT_LOW = 6;
const PARENT_HIGH = 7;
const NEXT_CHILD = 8;
const HOUR = 9;
const DURATION = 10;
const WORDS = 11;

/** What is known of an entry's call; in the low bits of `#state`. */
const STATE = { done: 0, waiting: 1 } as const;
const ERROR = 2;
const KIND_SHIFT = 2;
const KIND_MASK = 7;
/** Its call is counted as one from a client span, and may be one from the server span that shares that one's id. */
const FROM_CLIENT = 32;

/** Walks of one chain end here, so that a sender who repeats one id cannot stall the others. */
const MAX_SPAN_STEPS = 64;
const MAX_CHILD_STEPS = 10_000;

/**
 * A span as the window keeps it. Ids are halves of the 8 bytes; the trace is its hash, which with the span id is
 * enough.
 */
export interface WindowSpan {
  trace: number;
  idLow: number;
  idHigh: number;
  parentLow: number;
  parentHigh: number;
  kind: number;
  service: number;
  hour: number;
  error: boolean;
  /** Bucket of its duration, as bucketOf of model/exponential-histogram.ts names it. */
  duration: number;
  /** Equal for spans of equal times. */
  fingerprint: number;
  /** How many spans it stands for. Kept as a float32, exact to 7 digits. */
  count: number;
}

/**
 * Called for every parent and child found: services of both; hour, error, bucket of the duration and count of the
 * child. A negative count takes a call back.
 */
export type OnCall = (
  parentService: number,
  childService: number,
  hour: number,
  error: boolean,
  duration: number,
  count: number,
) => void;

const { client: CLIENT, server: SERVER } = SPAN_KIND;

/**
 * The latest spans, in which children find parents and parents find children that came first. A ring of fixed size in
 * typed arrays; entries are named by a growing 32-bit sequence, and both hash chains run from newer to older, so that
 * an entry leaves by the sequence moving on and nothing has to be unlinked.
 */
export class JoinWindow {
  readonly #mask: number;
  readonly #entries: Uint32Array;
  readonly #state: Uint8Array;
  readonly #count: Float32Array;
  readonly #receivedAtMs: Float64Array;
  /** Per bucket the newest span of that id, and the newest child that waits for it: side by side in one cache line. */
  readonly #heads: Uint32Array;
  readonly #bucketMask: number;
  readonly #onCall: OnCall;
  /** Sequence of the next entry and of the oldest that is still there. */
  #next: number;
  #oldest: number;
  #unmatched = 0;
  #touched = 0;

  /** `capacity` spans, a power of two. */
  constructor(capacity: number, onCall: OnCall) {
    this.#mask = capacity - 1;
    this.#entries = new Uint32Array(capacity * WORDS);
    this.#state = new Uint8Array(capacity);
    this.#count = new Float32Array(capacity);
    this.#receivedAtMs = new Float64Array(capacity);
    this.#heads = new Uint32Array(capacity * 4);
    this.#bucketMask = capacity * 2 - 1;
    this.#onCall = onCall;
    // Heads of 0 are sequence 0, which is older than any entry from the start.
    this.#next = 1;
    this.#oldest = 1;
  }

  /** Spans that left while their parent had not come. */
  get unmatched(): number {
    return this.#unmatched;
  }

  get size(): number {
    return (this.#next - this.#oldest) >>> 0;
  }

  clear(): void {
    while (this.size > 0) this.#dropOldest();
  }

  /** Lets go of spans received before this, ms since the epoch. */
  dropBefore(receivedAtMs: number): void {
    while (this.size > 0 && (this.#receivedAtMs[this.#oldest & this.#mask] as number) < receivedAtMs)
      this.#dropOldest();
  }

  /**
   * Reads what `add` is going to look at for a span or a parent of this id, and does nothing with it. The window is
   * larger than a processor's caches: look-ups that need not wait for each other come from memory many at once.
   */
  touch(trace: number, low: number, high: number): void {
    const head = this.#heads[(hash(trace, low, high) & this.#bucketMask) * 2] as number;
    this.#touched ^= this.#entries[(head & this.#mask) * WORDS] as number;
  }

  /** Joins a span with its parent and its waiting children. False for a duplicate, which changes nothing. */
  add(span: WindowSpan, receivedAtMs: number): boolean {
    const { trace, idLow, idHigh, parentLow, parentHigh, service, hour, error, duration, count } = span;
    const bucket = (hash(trace, idLow, idHigh) & this.#bucketMask) * 2;
    const shared = this.#sameId(span, bucket);
    if (shared === DUPLICATE) return false;
    if (this.size > this.#mask) this.#dropOldest();
    const sequence = this.#next;
    this.#next = (sequence + 1) >>> 0;
    const slot = sequence & this.#mask;
    const entries = this.#entries;
    const at = slot * WORDS;
    entries[at + TRACE] = trace;
    entries[at + ID_LOW] = idLow;
    entries[at + ID_HIGH] = idHigh;
    entries[at + PARENT_LOW] = parentLow;
    entries[at + PARENT_HIGH] = parentHigh;
    entries[at + SERVICE] = service;
    entries[at + HOUR] = hour;
    entries[at + FINGERPRINT] = span.fingerprint;
    // Kept in 32 bits whatever its sign, and read back with | 0.
    entries[at + DURATION] = duration;
    entries[at + NEXT_SPAN] = this.#heads[bucket] as number;
    this.#heads[bucket] = sequence;
    this.#count[slot] = count;
    this.#receivedAtMs[slot] = receivedAtMs;

    let state: number = STATE.done;
    if (span.kind === SERVER && shared !== ABSENT) {
      this.#onCall(shared, service, hour, error, duration, count);
    } else if ((parentLow | parentHigh) !== 0) {
      const parentBucket = (hash(trace, parentLow, parentHigh) & this.#bucketMask) * 2;
      const parentSlot = this.#parentSlot(span, parentBucket, sequence);
      if (parentSlot === NO_SLOT) state = STATE.waiting;
      else if (entries[parentSlot * WORDS + SERVICE] !== service) {
        if (this.#kind(parentSlot) === CLIENT) state = FROM_CLIENT;
        const parent = entries[parentSlot * WORDS + SERVICE] as number;
        // As it is kept, for it may have to be taken back.
        this.#onCall(parent, service, hour, error, duration, this.#count[slot] as number);
      }
      if (state !== STATE.done) {
        entries[at + NEXT_CHILD] = this.#heads[parentBucket + 1] as number;
        this.#heads[parentBucket + 1] = sequence;
      }
    }
    this.#state[slot] = state | (error ? ERROR : 0) | (span.kind << KIND_SHIFT);
    this.#adoptChildren(span, bucket, sequence, shared);
    return true;
  }

  /**
   * Looks for the same span id: DUPLICATE, or the service of a client span that shares its id with this server span (as
   * Zipkin's do), or ABSENT. Where the server span came first and waits, the client span answers it here.
   */
  #sameId(span: WindowSpan, bucket: number): number {
    const { trace, idLow, idHigh, service, kind } = span;
    const entries = this.#entries;
    let shared = ABSENT;
    let sequence = this.#heads[bucket] as number;
    for (let step = 0; step < MAX_SPAN_STEPS && this.#holds(sequence); step++) {
      const slot = sequence & this.#mask;
      const at = slot * WORDS;
      if (entries[at + ID_LOW] === idLow && entries[at + ID_HIGH] === idHigh && entries[at + TRACE] === trace) {
        const state = this.#state[slot] as number;
        const otherKind = this.#kind(slot);
        const otherService = entries[at + SERVICE] as number;
        if (otherKind === kind && entries[at + FINGERPRINT] === span.fingerprint && otherService === service) {
          return DUPLICATE;
        }
        if (kind === SERVER && otherKind === CLIENT && otherService !== service) shared = otherService;
        if (kind === CLIENT && otherKind === SERVER && otherService !== service && (state & 1) === STATE.waiting) {
          this.#state[slot] = state & ~1;
          this.#call(service, slot);
        }
      }
      sequence = entries[at + NEXT_SPAN] as number;
    }
    return shared;
  }

  /**
   * The parent. Where client and server share the parent's id, the server is meant: first the span of the child's own
   * service, then one of kind server, then the latest.
   */
  #parentSlot(child: WindowSpan, bucket: number, self: number): number {
    const { trace, parentLow: low, parentHigh: high } = child;
    const entries = this.#entries;
    let found = NO_SLOT;
    let isServer = false;
    let sequence = this.#heads[bucket] as number;
    for (let step = 0; step < MAX_SPAN_STEPS && this.#holds(sequence); step++) {
      const slot = sequence & this.#mask;
      const at = slot * WORDS;
      if (
        sequence !== self &&
        entries[at + ID_LOW] === low &&
        entries[at + ID_HIGH] === high &&
        entries[at + TRACE] === trace
      ) {
        if (entries[at + SERVICE] === child.service) return slot;
        const server = this.#kind(slot) === SERVER;
        if (found === NO_SLOT || (server && !isServer)) {
          found = slot;
          isServer = server;
        }
      }
      sequence = entries[at + NEXT_SPAN] as number;
    }
    return found;
  }

  /**
   * Counts the calls to children that came first. Those of the client span that this server span shares its id with are
   * its own: what was counted as calls from the service of that client, `shared`, is taken back.
   */
  #adoptChildren(parent: WindowSpan, bucket: number, self: number, shared: number): void {
    const { trace, idLow, idHigh, service, kind } = parent;
    const entries = this.#entries;
    const takesBack = kind === SERVER && shared !== ABSENT;
    let sequence = this.#heads[bucket + 1] as number;
    for (let step = 0; step < MAX_CHILD_STEPS && this.#holds(sequence); step++) {
      const slot = sequence & this.#mask;
      const at = slot * WORDS;
      const state = this.#state[slot] as number;
      if (
        ((state & STATE.waiting) !== 0 || (takesBack && (state & FROM_CLIENT) !== 0)) &&
        sequence !== self &&
        entries[at + PARENT_LOW] === idLow &&
        entries[at + PARENT_HIGH] === idHigh &&
        entries[at + TRACE] === trace
      ) {
        if ((state & FROM_CLIENT) !== 0) this.#call(shared, slot, -1);
        const calls = entries[at + SERVICE] !== service;
        this.#state[slot] = (state & ~(STATE.waiting | FROM_CLIENT)) | (calls && kind === CLIENT ? FROM_CLIENT : 0);
        if (calls) this.#call(service, slot);
      }
      sequence = entries[at + NEXT_CHILD] as number;
    }
  }

  /** Of a child that came before its parent; `sign` -1 takes it back. */
  #call(parent: number, slot: number, sign = 1): void {
    const entries = this.#entries;
    const at = slot * WORDS;
    const error = ((this.#state[slot] as number) & ERROR) !== 0;
    const duration = (entries[at + DURATION] as number) | 0;
    const count = sign * (this.#count[slot] as number);
    this.#onCall(parent, entries[at + SERVICE] as number, entries[at + HOUR] as number, error, duration, count);
  }

  #kind(slot: number): number {
    return ((this.#state[slot] as number) >>> KIND_SHIFT) & KIND_MASK;
  }

  #holds(sequence: number): boolean {
    return (sequence - this.#oldest) >>> 0 < this.size;
  }

  #dropOldest(): void {
    if (((this.#state[this.#oldest & this.#mask] as number) & 1) === STATE.waiting) this.#unmatched++;
    this.#oldest = (this.#oldest + 1) >>> 0;
  }
}

const NO_SLOT = -1;
const ABSENT = 0xffffffff;
const DUPLICATE = 0xfffffffe;

function hash(trace: number, low: number, high: number): number {
  let h = trace ^ Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}
