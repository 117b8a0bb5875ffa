import { DecodeError } from "../../codec/decode-error.ts";
import type { MappedTraces } from "../../codec/mapping/span-batch.ts";
import { mendBody } from "../../codec/otlp/cut/mend.ts";
import { guessSignal, OtherSignalError } from "../../codec/otlp/message/other-signal.ts";
import type { MendedTraces, Refusals, SpanPlace } from "../../codec/otlp/message/refusals.ts";
import { DEFAULT_SPAN_LIMITS } from "../../codec/otlp/message/span-limits.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import type { ScanResult } from "../../codec/otlp/scan/scan-result.ts";
import type { LogBlock } from "../../model/log.ts";
import type { SpanColumns } from "../../model/span-columns.ts";

/** Protobuf as it came, in which anything may be wrong. */
export interface RawPiece {
  readonly body: Uint8Array;
  readonly first?: SpanPlace;
}

/** What the codecs make of a piece of a file. */
export type ReadPiece = RawPiece | MendedTraces | MappedTraces;

/** Makes blocks of what was read, by the rules by which a collector stores it: mended, or refused span by span. */
export class BlockMaker {
  readonly #scanner = new TraceScanner(DEFAULT_SPAN_LIMITS);
  readonly #refusals: Refusals;

  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  /** @throws DecodeError for bytes that are no TracesData, or those of another signal */
  make(piece: ReadPiece): LogBlock {
    const { body, scan, marks } = this.#sound(piece);
    const columns = ownColumns(scan.columns);
    if (marks !== undefined) {
      for (let row = 0; row < columns.count; row++) {
        columns.marks[row] = (columns.marks[row] as number) | (marks[row] ?? 0);
      }
    }
    if (hasNoStarts(columns)) assertTraces(body);
    return { next: { segment: 0, block: 0 }, receivedAtMs: 0, body, columns };
  }

  #sound(piece: ReadPiece): { readonly body: Uint8Array; readonly scan: ScanResult; readonly marks?: Uint8Array } {
    if ("marks" in piece) return { body: piece.body, scan: this.#scanner.scan(piece.body), marks: piece.marks };
    const given = "given" in piece ? piece.given : undefined;
    const scan = this.#scan(piece.body);
    if (scan !== undefined) return { body: piece.body, scan, ...(given === undefined ? {} : { marks: given }) };
    const first = "first" in piece ? piece.first : undefined;
    const mended = mendBody(piece.body, DEFAULT_SPAN_LIMITS, this.#refusals, first);
    const marks = given === undefined ? mended.marks : mended.marks.map((bits, row) => bits | (given[row] ?? 0));
    return { body: mended.body, scan: this.#scanner.scan(mended.body), marks };
  }

  /** Undefined where something has to be mended. */
  #scan(body: Uint8Array): ScanResult | undefined {
    try {
      const scan = this.#scanner.scan(body, true);
      return scan.anyTrouble ? undefined : scan;
    } catch (error) {
      if (error instanceof DecodeError) return undefined;
      throw error;
    }
  }
}

/** The columns of a scan, which hold until the next one, as a copy. */
function ownColumns(columns: SpanColumns): SpanColumns {
  const copies = Object.entries(columns).map(([name, column]: [string, unknown]) => {
    const isList = Array.isArray(column) || (ArrayBuffer.isView(column) && !(column instanceof DataView));
    return [name, isList ? (column as Uint8Array).slice() : column];
  });
  return Object.fromEntries(copies) as SpanColumns;
}

function hasNoStarts({ count, startLow, startHigh }: SpanColumns): boolean {
  for (let row = 0; row < count; row++) if (startLow[row] !== 0 || startHigh[row] !== 0) return false;
  return true;
}

function assertTraces(body: Uint8Array): void {
  const signal = guessSignal(body);
  if (signal !== undefined) throw new OtherSignalError(signal);
}
