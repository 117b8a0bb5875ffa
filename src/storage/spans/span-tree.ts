import type { SpanRelation } from "../../model/traceql.ts";
import type { TraceSpans } from "./trace-spans.ts";

/** No node, no span. */
const NONE = -1;
const NO_SPANS: readonly number[] = [];

/**
 * Who is whose parent in one trace, by ids. A node stands for all spans that share an id, and for a parent that is not
 * stored: what is asked is whether there is some such span. Every question is answered for all spans at once, in one
 * walk over flat arrays, whatever the depth; spans that are each other's parents end no walk and start none again.
 */
export class SpanTree {
  readonly #spans: TraceSpans;
  /** Span → node of its own id. */
  readonly #node: Int32Array;
  /** Span → node of its parent's id; NONE for a root. */
  readonly #parent: Int32Array;
  /** Node → its first span; span → the next one of its node. */
  readonly #firstSpan: Int32Array;
  readonly #nextSpan: Int32Array;
  /** Node → first span that names it as its parent; span → the next one of these. */
  readonly #firstChild: Int32Array;
  readonly #nextChild: Int32Array;
  #childCounts: Uint32Array | undefined;
  #nested: NestedSets | undefined;
  #circular: Uint8Array | undefined;

  constructor(spans: TraceSpans) {
    const { count } = spans;
    this.#spans = spans;
    this.#node = new Int32Array(count);
    this.#parent = new Int32Array(count);
    const nodes = new IdTable(count * 2);
    for (let span = 0; span < count; span++) {
      const { spanIds, parentIds } = spans.columns(span);
      const at = spans.row(span) * 8;
      this.#node[span] = nodes.add(spanIds, at);
      this.#parent[span] = isZero(parentIds, at) ? NONE : nodes.add(parentIds, at);
    }
    this.#firstSpan = new Int32Array(nodes.count).fill(NONE);
    this.#firstChild = new Int32Array(nodes.count).fill(NONE);
    this.#nextSpan = new Int32Array(count);
    this.#nextChild = new Int32Array(count);
    for (let span = count - 1; span >= 0; span--) {
      const node = this.#node[span] as number;
      this.#nextSpan[span] = this.#firstSpan[node] as number;
      this.#firstSpan[node] = span;
      const parent = this.#parent[span] as number;
      if (parent === NONE) continue;
      this.#nextChild[span] = this.#firstChild[parent] as number;
      this.#firstChild[parent] = span;
    }
  }

  /** The stored spans with the parent's id, but not the span itself, by start, kind and end. */
  parentsOf(span: number): readonly number[] {
    const node = this.#parent[span] as number;
    const first = node === NONE ? NONE : (this.#firstSpan[node] as number);
    if (first === NONE) return NO_SPANS;
    if (this.#nextSpan[first] === NONE) return first === span ? NO_SPANS : [first];
    const parents: number[] = [];
    for (let other = first; other !== NONE; other = this.#nextSpan[other] as number) {
      if (other !== span) parents.push(other);
    }
    return parents.sort((a, b) => this.#order(a, b));
  }

  /** Spans that name the span's id as their parent's, but not the span itself. */
  childCount(span: number): number {
    if (this.#childCounts === undefined) {
      this.#childCounts = new Uint32Array(this.#firstSpan.length);
      for (const parent of this.#parent) {
        if (parent !== NONE) this.#childCounts[parent] = (this.#childCounts[parent] as number) + 1;
      }
    }
    const node = this.#node[span] as number;
    return (this.#childCounts[node] as number) - (this.#parent[span] === node ? 1 : 0);
  }

  /**
   * The numbers of a walk through the trees whose roots have no parent, children by start, id and kind: a span lies
   * below another where its numbers lie between the other's. All are 0 where no root is above a span.
   */
  get nested(): NestedSets {
    this.#nested ??= this.#number();
    return this.#nested;
  }

  /**
   * Which of the spans `right` are what `relation` says to some other span of `left`: 1 at their position in `right`.
   */
  related(relation: SpanRelation, left: Uint32Array, right: Uint32Array): Uint8Array {
    switch (relation) {
      case "sibling":
        return this.#counted(left, right, this.#parent, this.#parent);
      case "child":
        return this.#counted(left, right, this.#node, this.#parent);
      case "parent":
        return this.#counted(left, right, this.#parent, this.#node);
      case "descendant":
        return this.#reached(left, right, this.#node, this.#parent, this.#firstChild, this.#nextChild);
      case "ancestor":
        return this.#reached(left, right, this.#parent, this.#node, this.#firstSpan, this.#nextSpan);
    }
  }

  /** 1 where the node that `ofRight` names is one that `ofLeft` names of another span. */
  #counted(left: Uint32Array, right: Uint32Array, ofLeft: Int32Array, ofRight: Int32Array): Uint8Array {
    const counts = new Uint32Array(this.#firstSpan.length);
    const isLeft = new Uint8Array(this.#node.length);
    for (const span of left) {
      isLeft[span] = 1;
      const node = ofLeft[span] as number;
      if (node !== NONE) counts[node] = (counts[node] as number) + 1;
    }
    return Uint8Array.from(right, (span) => {
      const node = ofRight[span] as number;
      const itself = isLeft[span] === 1 && ofLeft[span] === node ? 1 : 0;
      return node !== NONE && (counts[node] as number) > itself ? 1 : 0;
    });
  }

  /**
   * 1 where a walk from the node that `ofLeft` names of another span comes to the one that `ofRight` names. It goes on
   * from a node to those that `ofLeft` names of the spans in its list.
   */
  #reached(
    left: Uint32Array,
    right: Uint32Array,
    ofLeft: Int32Array,
    ofRight: Int32Array,
    first: Int32Array,
    next: Int32Array,
  ): Uint8Array {
    const marked = new Uint8Array(this.#firstSpan.length);
    const isLeft = new Uint8Array(this.#node.length);
    const waiting: number[] = [];
    const mark = (node: number) => {
      if (node === NONE || marked[node] === 1) return;
      marked[node] = 1;
      waiting.push(node);
    };
    for (const span of left) {
      isLeft[span] = 1;
      mark(ofLeft[span] as number);
    }
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      for (let span = first[node] as number; span !== NONE; span = next[span] as number) mark(ofLeft[span] as number);
    }
    return Uint8Array.from(right, (span) => {
      const node = ofRight[span] as number;
      if (node === NONE || marked[node] === 0) return 0;
      // What only a circle leads back to itself has no partner in itself.
      return isLeft[span] === 0 || !this.#isCircular(span) || this.#comesFromAnother(span, isLeft, ofRight) ? 1 : 0;
    });
  }

  /** Walks back from a span of a circle until another span of `isLeft` is met: the next one of the circle mostly. */
  #comesFromAnother(span: number, isLeft: Uint8Array, ofRight: Int32Array): boolean {
    const goesUp = ofRight === this.#parent;
    const first = goesUp ? this.#firstSpan : this.#firstChild;
    const next = goesUp ? this.#nextSpan : this.#nextChild;
    const seen = new Set<number>();
    const waiting = [ofRight[span] as number];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (node === NONE || seen.has(node)) continue;
      seen.add(node);
      for (let other = first[node] as number; other !== NONE; other = next[other] as number) {
        if (other !== span && isLeft[other] === 1) return true;
        waiting.push(ofRight[other] as number);
      }
    }
    return false;
  }

  /** False where the span is certainly not its own ancestor. */
  #isCircular(span: number): boolean {
    this.#circular ??= this.#findCircles();
    return this.#circular[this.#node[span] as number] === 1;
  }

  /** 1 for nodes that lie on circles, and for some between two circles: what is left when ends are taken off. */
  #findCircles(): Uint8Array {
    const nodes = this.#firstSpan.length;
    const left = new Uint8Array(nodes).fill(1);
    const strip = (ofOwn: Int32Array, ofOther: Int32Array, first: Int32Array, next: Int32Array) => {
      // How many spans lead from another node to this one.
      const degree = new Uint32Array(nodes);
      for (let span = 0; span < this.#node.length; span++) {
        const [from, to] = [ofOther[span] as number, ofOwn[span] as number];
        if (from !== NONE && to !== NONE && left[from] === 1) degree[to] = (degree[to] as number) + 1;
      }
      const ends: number[] = [];
      for (let node = 0; node < nodes; node++) if (left[node] === 1 && degree[node] === 0) ends.push(node);
      for (let node = ends.pop(); node !== undefined; node = ends.pop()) {
        left[node] = 0;
        for (let span = first[node] as number; span !== NONE; span = next[span] as number) {
          const to = ofOwn[span] as number;
          if (to === NONE || left[to] === 0) continue;
          degree[to] = (degree[to] as number) - 1;
          if (degree[to] === 0) ends.push(to);
        }
      }
    };
    strip(this.#node, this.#parent, this.#firstChild, this.#nextChild);
    strip(this.#parent, this.#node, this.#firstSpan, this.#nextSpan);
    return left;
  }

  #number(): NestedSets {
    const { count } = this.#spans;
    const nested = {
      left: new Int32Array(count),
      right: new Int32Array(count),
      parent: new Int32Array(count),
    };
    // What is left of the children of each node, and of the roots behind them. Made from the end: the last comes first.
    const roots = this.#firstSpan.length;
    const first = new Int32Array(roots + 1).fill(NONE);
    const next = new Int32Array(count);
    for (const span of Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => this.#order(b, a))) {
      const parent = this.#parent[span] as number;
      const list = parent === NONE ? roots : parent;
      next[span] = first[list] as number;
      first[list] = span;
    }
    let number = 1;
    const open: number[] = [];
    for (;;) {
      const above = open.at(-1);
      const list = above === undefined ? roots : (this.#node[above] as number);
      const span = first[list] as number;
      if (span === NONE) {
        if (above === undefined) return nested;
        nested.right[above] = number++;
        open.pop();
        continue;
      }
      // Spans that share an id share their children: the first that is come to takes them.
      first[list] = next[span] as number;
      if (nested.left[span] !== 0) continue;
      nested.parent[span] = above === undefined ? -1 : (nested.left[above] as number);
      nested.left[span] = number++;
      open.push(span);
    }
  }

  /** By start, span id, kind and end. */
  #order(a: number, b: number): number {
    const [left, right] = [this.#spans.columns(a), this.#spans.columns(b)];
    const [leftRow, rightRow] = [this.#spans.row(a), this.#spans.row(b)];
    const starts =
      (left.startHigh[leftRow] as number) - (right.startHigh[rightRow] as number) ||
      (left.startLow[leftRow] as number) - (right.startLow[rightRow] as number);
    if (starts !== 0) return starts;
    for (let i = 0; i < 8; i++) {
      const ids = (left.spanIds[leftRow * 8 + i] as number) - (right.spanIds[rightRow * 8 + i] as number);
      if (ids !== 0) return ids;
    }
    return (
      (left.kind[leftRow] as number) - (right.kind[rightRow] as number) ||
      (left.endHigh[leftRow] as number) - (right.endHigh[rightRow] as number) ||
      (left.endLow[leftRow] as number) - (right.endLow[rightRow] as number) ||
      a - b
    );
  }
}

interface NestedSets {
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** That of a root is -1. */
  readonly parent: Int32Array;
}

/** Numbers ids of 8 bytes from 0, equal ones alike. */
class IdTable {
  count = 0;
  /** Number + 1 in the slot of an id, or in one of those after it; 0 is free. */
  readonly #slots: Int32Array;
  readonly #high: Int32Array;
  readonly #low: Int32Array;

  constructor(most: number) {
    let size = 4;
    while (size < most * 2) size *= 2;
    this.#slots = new Int32Array(size);
    this.#high = new Int32Array(most);
    this.#low = new Int32Array(most);
  }

  add(ids: Uint8Array, at: number): number {
    const high = half(ids, at);
    const low = half(ids, at + 4);
    const mask = this.#slots.length - 1;
    const hash = Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] as number) - 1;
      if (number >= 0 && (this.#high[number] !== high || this.#low[number] !== low)) continue;
      if (number >= 0) return number;
      this.#slots[slot] = this.count + 1;
      this.#high[this.count] = high;
      this.#low[this.count] = low;
      return this.count++;
    }
  }
}

function half(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function isZero(bytes: Uint8Array, at: number): boolean {
  return half(bytes, at) === 0 && half(bytes, at + 4) === 0;
}
