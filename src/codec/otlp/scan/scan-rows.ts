const FIRST_ROWS = 1024;
const FIRST_HASHES = 4096;
/** More room than this is given back before the next scan. */
const KEPT_ROWS = 1 << 17;
const KEPT_HASHES = 1 << 21;

/** The scanner's growable columns. Arrays are replaced when they grow, so never hold one across `next`. */
export class ScanRows {
  count = 0;
  traceIndex = new Uint32Array(0);
  spanIds = new Uint8Array(0);
  parentIds = new Uint8Array(0);
  /** The same memory as `spanIds` and `parentIds`, two words an id. */
  spanIdWords = new Int32Array(0);
  parentIdWords = new Int32Array(0);
  nameIndex = new Uint32Array(0);
  groupIndex = new Uint32Array(0);
  kind = new Uint8Array(0);
  status = new Uint8Array(0);
  marks = new Uint8Array(0);
  startLow = new Uint32Array(0);
  startHigh = new Uint32Array(0);
  endLow = new Uint32Array(0);
  endHigh = new Uint32Array(0);
  spanStart = new Uint32Array(0);
  spanEnd = new Uint32Array(0);
  troubles = new Uint8Array(0);
  traceStateStart = new Uint32Array(0);
  traceStateEnd = new Uint32Array(0);
  flags = new Uint32Array(0);
  samplingPriority = new Int8Array(0);
  hashStart = new Uint32Array(1);

  constructor() {
    this.#grow(FIRST_ROWS);
  }

  /** Forgets all rows, and the memory of an exceptional body. */
  begin(): void {
    this.count = 0;
    if (this.kind.length > KEPT_ROWS) this.#grow(FIRST_ROWS);
  }

  /** Takes a row; its cells hold what an earlier scan left there. */
  next(): number {
    if (this.count === this.kind.length) this.#grow(this.count * 2);
    return this.count++;
  }

  #grow(size: number): void {
    this.traceIndex = words(this.traceIndex, size);
    this.spanIds = bytes(this.spanIds, size * 8);
    this.parentIds = bytes(this.parentIds, size * 8);
    this.spanIdWords = new Int32Array(this.spanIds.buffer);
    this.parentIdWords = new Int32Array(this.parentIds.buffer);
    this.nameIndex = words(this.nameIndex, size);
    this.groupIndex = words(this.groupIndex, size);
    this.kind = bytes(this.kind, size);
    this.status = bytes(this.status, size);
    this.marks = bytes(this.marks, size);
    this.startLow = words(this.startLow, size);
    this.startHigh = words(this.startHigh, size);
    this.endLow = words(this.endLow, size);
    this.endHigh = words(this.endHigh, size);
    this.spanStart = words(this.spanStart, size);
    this.spanEnd = words(this.spanEnd, size);
    this.troubles = bytes(this.troubles, size);
    this.traceStateStart = words(this.traceStateStart, size);
    this.traceStateEnd = words(this.traceStateEnd, size);
    this.flags = words(this.flags, size);
    const priority = new Int8Array(size);
    if (this.samplingPriority.length <= size) priority.set(this.samplingPriority);
    this.samplingPriority = priority;
    this.hashStart = words(this.hashStart, size + 1);
  }
}

/** A growable list of 32-bit hashes. */
export class HashList {
  items = new Uint32Array(FIRST_HASHES);
  count = 0;

  /** Forgets all hashes, and the memory of an exceptional body. */
  begin(): void {
    this.count = 0;
    if (this.items.length > KEPT_HASHES) this.items = new Uint32Array(FIRST_HASHES);
  }

  push(hash: number): void {
    if (this.count === this.items.length) this.items = words(this.items, this.count * 2);
    this.items[this.count++] = hash;
  }
}

function words(old: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(size);
  if (old.length <= size) larger.set(old);
  return larger;
}

function bytes(old: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  if (old.length <= size) larger.set(old);
  return larger;
}
