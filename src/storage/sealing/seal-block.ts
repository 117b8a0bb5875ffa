import type { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { traceIdHash } from "../../model/attribute-hash.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import { encodeBlockIndex } from "../block/block-index.ts";
import { BODY_CODEC, type BodyCodec } from "../block/block-limits.ts";
import { buildBloom } from "../block/bloom.ts";
import { encodeBody } from "../block/body-codec.ts";
import { HashSet } from "../block/hash-set.ts";
import { decodeColumnarBody, encodeColumnarBody } from "../columnar/columnar-body.ts";
import { decodeColumnarIndex, encodeColumnarIndex } from "../columnar/columnar-index.ts";
import type { AssembledBlock } from "./assemble.ts";

/** A sealed row as it is stored. */
export interface SealedBlock {
  readonly index: Uint8Array;
  readonly bloom: Uint8Array;
  readonly codec: BodyCodec;
  readonly body: Uint8Array;
  readonly rawLength: number;
}

/**
 * Encodes rows and proves that each comes back as it was, byte for byte, before anybody relies on it; one that does not
 * is stored the way the log stores rows.
 */
export class BlockSealer {
  readonly #scanner: TraceScanner;
  readonly #hashes = new HashSet(16_384);
  readonly #quality: number | undefined;
  #fallbacks = 0;

  constructor(scanner: TraceScanner, quality?: number) {
    this.#scanner = scanner;
    this.#quality = quality;
  }

  /** Rows that had to be stored as the log stores them. */
  get fallbacks(): number {
    return this.#fallbacks;
  }

  seal(row: AssembledBlock): SealedBlock {
    const { body, columns } = row;
    const bloom = this.#bloom(body, columns);
    const sealed = this.#columnar(row);
    if (sealed !== undefined) return { ...sealed, bloom, codec: BODY_CODEC.columnar, rawLength: body.length };
    this.#fallbacks++;
    const stored = encodeBody(body);
    return {
      index: encodeBlockIndex(columns),
      bloom,
      codec: stored.codec,
      body: stored.bytes,
      rawLength: body.length,
    };
  }

  #columnar({ body, columns, groups, frames }: AssembledBlock): { index: Uint8Array; body: Uint8Array } | undefined {
    try {
      const index = encodeColumnarIndex(columns, groups);
      const readBack = decodeColumnarIndex(index);
      if (!sameColumns(columns, readBack)) return undefined;
      const stored = encodeColumnarBody(body, readBack, frames, this.#quality);
      if (Buffer.compare(decodeColumnarBody(stored, readBack, body.length), body) !== 0) return undefined;
      return { index, body: stored };
    } catch {
      return undefined;
    }
  }

  #bloom(body: Uint8Array, columns: SpanColumns): Uint8Array {
    const { hashes, hashStart, groupHashes, groupHashStart, columns: scanned } = this.#scanner.scan(body);
    const set = this.#hashes;
    set.clear();
    set.addRange(hashes, 0, hashStart[scanned.count] as number);
    set.addRange(groupHashes, 0, groupHashStart[scanned.groups.length] as number);
    for (let at = 0; at < columns.traceIds.length; at += 16) set.add(traceIdHash(columns.traceIds, at));
    return buildBloom(set.list, set.size);
  }
}

/** True when all that readers see is the same. */
export function sameColumns(a: SpanColumns, b: SpanColumns): boolean {
  return (
    a.count === b.count &&
    sameNumbers(a.traceIds, b.traceIds) &&
    sameNumbers(a.traceIndex, b.traceIndex) &&
    sameNumbers(a.spanIds, b.spanIds) &&
    sameNumbers(a.parentIds, b.parentIds) &&
    sameNumbers(a.nameIndex, b.nameIndex) &&
    sameNumbers(a.groupIndex, b.groupIndex) &&
    sameNumbers(a.kind, b.kind) &&
    sameNumbers(a.status, b.status) &&
    sameNumbers(a.marks, b.marks) &&
    sameNumbers(a.startLow, b.startLow) &&
    sameNumbers(a.startHigh, b.startHigh) &&
    sameNumbers(a.endLow, b.endLow) &&
    sameNumbers(a.endHigh, b.endHigh) &&
    sameNumbers(a.spanStart, b.spanStart) &&
    sameNumbers(a.spanEnd, b.spanEnd) &&
    sameNumbers(a.thresholdIndex ?? [], b.thresholdIndex ?? []) &&
    a.strings.length === b.strings.length &&
    a.strings.every((text, i) => text === b.strings[i]) &&
    a.groups.length === b.groups.length &&
    a.groups.every((group, i) => {
      const other = b.groups[i];
      return (
        other !== undefined &&
        group.service === other.service &&
        group.resourceSpansStart === other.resourceSpansStart &&
        group.resourceSpansEnd === other.resourceSpansEnd &&
        group.scopeSpansStart === other.scopeSpansStart &&
        group.scopeSpansEnd === other.scopeSpansEnd
      );
    })
  );
}

function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
