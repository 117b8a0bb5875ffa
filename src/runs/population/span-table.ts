import { PermanentError } from "../../component/errors.ts";
import { SPAN_KIND_NAMES, type SpanKind, STATUS_CODE } from "../../model/span.ts";
import { durationNano, nameOf, type SpanColumns, serviceOf } from "../../model/span-columns.ts";
import { GrowingNumbers } from "./growing-numbers.ts";

/** What spans are grouped by: service, name and kind. */
export interface RunOperation {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
}

/** A run that has more is to be narrowed: some 70 bytes are kept of each span. */
const MOST_SPANS = 8_000_000;

/** The spans of a run as columns, in the order in which they came. */
export class SpanTable {
  readonly traceOf = new GrowingNumbers(Uint32Array);
  /** 8 bytes of an id as two numbers. */
  readonly idHigh = new GrowingNumbers(Uint32Array);
  readonly idLow = new GrowingNumbers(Uint32Array);
  readonly parentHigh = new GrowingNumbers(Uint32Array);
  readonly parentLow = new GrowingNumbers(Uint32Array);
  readonly operationOf = new GrowingNumbers(Uint32Array);
  /** ns after `base`. */
  readonly start = new GrowingNumbers(Float64Array);
  /** ns, 0 for a span that ends before it starts. */
  readonly duration = new GrowingNumbers(Float64Array);
  readonly failed = new GrowingNumbers(Uint8Array);
  readonly operations: RunOperation[] = [];
  readonly #operationIds = new Map<string, number>();
  readonly #traceIds = new Map<string, number>();
  #base: bigint | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get traces(): number {
    return this.#traceIds.size;
  }

  /** Start of the first span that came, ns since the epoch. */
  get base(): bigint {
    return this.#base ?? 0n;
  }

  /** Adds rows of a block or a request. @throws PermanentError `too_large` */
  add(columns: SpanColumns, rows: readonly number[]): void {
    const ids = new DataView(columns.spanIds.buffer, columns.spanIds.byteOffset, columns.spanIds.length);
    const parents = new DataView(columns.parentIds.buffer, columns.parentIds.byteOffset, columns.parentIds.length);
    const traceIds = Buffer.from(columns.traceIds.buffer, columns.traceIds.byteOffset, columns.traceIds.length);
    const traces = new Map<number, number>();
    const operations = new Map<number, number>();
    for (const row of rows) {
      this.#makeRoom();
      const inBatch = columns.traceIndex[row] as number;
      let trace = traces.get(inBatch);
      if (trace === undefined) {
        trace = this.#trace(traceIds.toString("latin1", inBatch * 16, inBatch * 16 + 16));
        traces.set(inBatch, trace);
      }
      const kind = columns.kind[row] as SpanKind;
      const group = columns.groupIndex[row] as number;
      const key = ((columns.nameIndex[row] as number) * 65_536 + group) * 8 + kind;
      let operation = operations.get(key);
      if (operation === undefined) {
        operation = this.#operation({ service: serviceOf(columns, row), name: nameOf(columns, row), kind });
        operations.set(key, operation);
      }
      const start = (BigInt(columns.startHigh[row] as number) << 32n) | BigInt(columns.startLow[row] as number);
      this.#base ??= start;
      this.traceOf.push(trace);
      this.idHigh.push(ids.getUint32(row * 8));
      this.idLow.push(ids.getUint32(row * 8 + 4));
      this.parentHigh.push(parents.getUint32(row * 8));
      this.parentLow.push(parents.getUint32(row * 8 + 4));
      this.operationOf.push(operation);
      this.start.push(Number(start - this.#base));
      this.duration.push(Math.max(0, durationNano(columns, row)));
      this.failed.push(columns.status[row] === STATUS_CODE.error ? 1 : 0);
      this.#count++;
    }
  }

  #makeRoom(): void {
    if (this.#count < MOST_SPANS) return;
    const text = `the run has more than ${MOST_SPANS} spans: run less of it, or name a part of it by a TraceQL query`;
    throw new PermanentError("too_large", text);
  }

  #trace(id: string): number {
    const known = this.#traceIds.get(id);
    if (known !== undefined) return known;
    this.#traceIds.set(id, this.#traceIds.size);
    return this.#traceIds.size - 1;
  }

  #operation(operation: RunOperation): number {
    const key = operationText(operation);
    const known = this.#operationIds.get(key);
    if (known !== undefined) return known;
    this.#operationIds.set(key, this.operations.length);
    this.operations.push(operation);
    return this.operations.length - 1;
  }
}

/** Different for different operations. */
export function operationText({ service, name, kind }: RunOperation): string {
  return JSON.stringify([service, name, SPAN_KIND_NAMES[kind]]);
}
