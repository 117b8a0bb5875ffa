import type { SegmentId } from "../../model/log.ts";
import type { Operation } from "../../model/trace-query.ts";
import type { SegmentOperation } from "../block/operation-shares.ts";
import type { SegmentInfo, SegmentSource } from "../log/segment-source.ts";

/**
 * Services and operations of all that is stored: the union of the segments' own lists, so they vanish with their last
 * segment. Lists of closed segments are read once, that of the open one when it has grown: most commits hold nothing
 * new.
 */
export class OperationCache {
  readonly #source: SegmentSource;
  readonly #lists = new Map<SegmentId, readonly SegmentOperation[]>();
  /** The open segment's list holds for this sequence. */
  #sequence = -1;
  #openSegment = -1;
  #shape = "";
  #merged: ReadonlyMap<string, readonly Operation[]> = new Map();

  constructor(source: SegmentSource) {
    this.#source = source;
    source.onRemoved((segments) => {
      for (const segment of segments) this.#lists.delete(segment);
    });
  }

  /** Sorted by name. */
  services(): readonly string[] {
    this.#refresh();
    return [...this.#merged.keys()];
  }

  /** Of one service, or of all; sorted by name, then kind. */
  operations(service: string | undefined): readonly Operation[] {
    this.#refresh();
    if (service !== undefined) return this.#merged.get(service) ?? [];
    const all = new Map<string, Operation>();
    for (const operations of this.#merged.values()) {
      for (const operation of operations) all.set(`${operation.kind} ${operation.name}`, operation);
    }
    return [...all.values()].sort(byNameAndKind);
  }

  #refresh(): void {
    // Asked first: what is committed while the lists are read is read again by the next call.
    const sequence = this.#source.visibleSequence();
    const segments = this.#source.segments();
    const shape = segments.map((segment) => segment.id).join();
    if (sequence === this.#sequence && shape === this.#shape) return;
    if (shape === this.#shape && !this.#hasGrown(segments)) {
      this.#sequence = sequence;
      return;
    }
    const present = new Set(segments.map((segment) => segment.id));
    for (const id of [...this.#lists.keys()]) if (!present.has(id)) this.#lists.delete(id);
    let openSegment = -1;
    for (const { id, status } of segments) {
      if (status === "open") openSegment = id;
      // A segment that was open at the last reading may have grown before it was closed.
      if (status === "open" || id === this.#openSegment || !this.#lists.has(id)) {
        const { operations } = this.#source.operations(id);
        if (!this.#source.isUnreadable(id)) this.#lists.set(id, operations);
      }
    }
    const isWhole = segments.every(({ id }) => this.#lists.has(id));
    this.#merged = merge(this.#lists.values());
    this.#sequence = sequence;
    this.#openSegment = openSegment;
    // What was missed is read by the next call.
    this.#shape = isWhole ? shape : "";
  }

  /** Whether one of the segments whose lists are known has got another one: only the open one can. */
  #hasGrown(segments: readonly SegmentInfo[]): boolean {
    const open = segments.find(({ status }) => status === "open");
    if (open === undefined || open.id !== this.#openSegment) return true;
    return this.#source.operationCount(open.id) !== this.#lists.get(open.id)?.length;
  }
}

function merge(lists: Iterable<readonly SegmentOperation[]>): Map<string, readonly Operation[]> {
  const services = new Map<string, Map<string, Operation>>();
  for (const list of lists) {
    for (const { service, name, kind } of list) {
      let operations = services.get(service);
      if (operations === undefined) {
        operations = new Map();
        services.set(service, operations);
      }
      operations.set(`${kind} ${name}`, { name, kind });
    }
  }
  return new Map(
    [...services]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([service, operations]) => [service, [...operations.values()].sort(byNameAndKind)]),
  );
}

function byNameAndKind(a: Operation, b: Operation): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.kind - b.kind;
}
