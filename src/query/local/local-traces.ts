import { NO_SPAN_LIMITS } from "../../codec/otlp/message/span-limits.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { LogBlock, LogFragment } from "../../model/log.ts";
import { STATUS_CODE } from "../../model/span.ts";
import { subtreeSizes } from "../analysis/analysed-trace.ts";
import { rootRow } from "../analysis/root-row.ts";
import { type TraceColumns, traceDuration } from "../ui/columns-format.ts";
import { columnsOf } from "../ui/columns-of.ts";

/** One line of the list of what a file holds. */
export interface LocalTraceSummary {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly rootService: string;
  readonly rootName: string;
  /** ns since the epoch, decimal; 0 where no start is a time. */
  readonly startTimeUnixNano: string;
  /** ns; absent where no span's times make one. */
  readonly durationNano?: number;
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly string[];
}

/** Traces that no store has: of a file, in memory. */
export class LocalTraces {
  readonly #fragments = new Map<string, LogFragment[]>();

  constructor(blocks: Iterable<LogBlock> = []) {
    for (const block of blocks) this.add(block);
  }

  add(block: LogBlock): void {
    const { columns } = block;
    const rowsOf = new Map<number, number[]>();
    for (let row = 0; row < columns.count; row++) {
      const trace = columns.traceIndex[row] as number;
      const rows = rowsOf.get(trace);
      if (rows === undefined) rowsOf.set(trace, [row]);
      else rows.push(row);
    }
    for (const [trace, rows] of rowsOf) {
      this.#addFragment(bytesToHex(columns.traceIds, trace * 16, 16), { block, rows });
    }
  }

  /** Takes over what others hold. */
  addAll(others: LocalTraces): void {
    for (const [id, fragments] of others.#fragments) for (const one of fragments) this.#addFragment(id, one);
  }

  #addFragment(id: string, fragment: LogFragment): void {
    const known = this.#fragments.get(id);
    if (known === undefined) this.#fragments.set(id, [fragment]);
    else known.push(fragment);
  }

  /** Undefined where there is no span of it. */
  trace(traceId: string): readonly LogFragment[] | undefined {
    return this.#fragments.get(traceId);
  }

  /** Every trace's spans. */
  all(): Iterable<readonly LogFragment[]> {
    return this.#fragments.values();
  }

  /** The newest first. */
  list(): LocalTraceSummary[] {
    const found = Array.from(this.#fragments, ([id, fragments]) => summaryOf(columnsOf(id, fragments).columns));
    return found.sort((a, b) => {
      const [first, second] = [BigInt(a.startTimeUnixNano), BigInt(b.startTimeUnixNano)];
      return first === second ? 0 : first > second ? -1 : 1;
    });
  }
}

/**
 * The traces of a body that a collector made: OTLP protobuf, TracesData.
 * @throws DecodeError for anything else
 */
export function tracesOfBody(body: Uint8Array): LocalTraces {
  const { columns } = new TraceScanner(NO_SPAN_LIMITS).scan(body);
  return new LocalTraces([{ next: { segment: 0, block: 0 }, receivedAtMs: 0, body, columns }]);
}

function summaryOf(columns: TraceColumns): LocalTraceSummary {
  const root = rootRow(columns, subtreeSizes(columns)) ?? 0;
  const durationNano = traceDuration(columns);
  return {
    traceId: columns.traceId,
    rootService: columns.services[columns.service[root] as number] as string,
    rootName: columns.names[columns.name[root] as number] as string,
    startTimeUnixNano: columns.baseStartNano.toString(),
    ...(durationNano === undefined ? {} : { durationNano }),
    spans: columns.count,
    errors: columns.status.filter((code) => code === STATUS_CODE.error).length,
    services: columns.services,
  };
}
