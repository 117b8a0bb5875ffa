import { renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { SpanKind } from "../../model/span.ts";
import { type SpanColumns, serviceOf } from "../../model/span-columns.ts";
import { MAX_STORED_TIME } from "../block/block-limits.ts";
import { OperationShares } from "../block/operation-shares.ts";
import { FORMAT_VERSION, SEALING_SUFFIX } from "../folder/layout.ts";
import { syncPath } from "../folder/sync-path.ts";
import { BlockTable } from "../log/block-table.ts";
import { OPERATION_LIMITS, SEGMENT_PAGE_SIZE, SEGMENT_SCHEMA } from "../log/schema.ts";
import type { SealTask } from "../log/seal-task.ts";
import type { SqlDatabase, SqlDriver, SqlStatement } from "../sqlite/driver.ts";
import type { SealedBlock } from "./seal-block.ts";

/** What was written reaches the disk in steps of this, so that the writer of the log never waits for much. */
const SYNC_BYTES = 8 * 1024 * 1024;

/** Step by step, for tests that end the process between any two. */
export type SealingStep = "created" | "row" | "written" | "synced" | "renamed";

interface Pending {
  readonly row: SealedBlock;
  readonly columns: SpanColumns;
}

/**
 * Writes a sealed segment beside the others under a name that means nothing, and gives it its own when all of it is on
 * the disk.
 */
export class SealedFile {
  readonly #task: SealTask;
  readonly #path: string;
  readonly #db: SqlDatabase;
  readonly #blocks: BlockTable;
  readonly #insertOperation: SqlStatement<unknown>;
  readonly #operations = new OperationShares(OPERATION_LIMITS);
  #overflows = false;
  readonly #onStep: (step: SealingStep) => void;
  #pending: Pending | undefined;
  #rows = 0;
  #spans = 0;
  #unsynced = 0;
  #open = true;

  /** Throws SqlError. */
  constructor(driver: SqlDriver, path: string, task: SealTask, onStep: (step: SealingStep) => void) {
    this.#task = task;
    this.#path = path;
    this.#onStep = onStep;
    for (const side of ["", "-journal"]) rmSync(this.#temporary + side, { force: true });
    this.#db = driver.open(this.#temporary);
    // Nobody reads it before it is whole, and what a crash leaves of it is removed: it needs no journal.
    this.#db.exec(`
      PRAGMA page_size = ${SEGMENT_PAGE_SIZE};
      PRAGMA journal_mode = OFF;
      PRAGMA synchronous = OFF;
      PRAGMA cache_size = -1024;
      ${SEGMENT_SCHEMA}
    `);
    const meta = this.#db.prepare("INSERT INTO meta VALUES (?, ?)");
    meta.run("format_version", String(FORMAT_VERSION));
    meta.run("segment", String(task.id));
    meta.run("sealed", String(task.position));
    meta.run("tombstones", String(task.tombstones));
    this.#blocks = new BlockTable(this.#db);
    this.#insertOperation = this.#db.prepare("INSERT INTO operation VALUES (?, ?, ?)");
    onStep("created");
  }

  /** Spans added so far. */
  get spans(): number {
    return this.#spans;
  }

  get rows(): number {
    return this.#rows;
  }

  add(row: SealedBlock, columns: SpanColumns): void {
    this.#flush(false);
    this.#pending = { row, columns };
    this.#rows++;
    this.#spans += columns.count;
    this.#addOperations(columns);
    this.#onStep("row");
  }

  /** Gives the file its name; bytes on disk. It is durable then. */
  finish(): number {
    this.#flush(true);
    this.#db.close();
    this.#open = false;
    this.#onStep("written");
    syncPath(this.#temporary);
    this.#onStep("synced");
    renameSync(this.#temporary, this.#path);
    syncPath(dirname(this.#path));
    this.#onStep("renamed");
    return statSync(this.#path).size;
  }

  /** Leaves nothing behind. Idempotent. */
  abandon(): void {
    if (this.#open) this.#db.close();
    this.#open = false;
    for (const side of ["", "-journal"]) rmSync(this.#temporary + side, { force: true });
  }

  get #temporary(): string {
    return this.#path.replace(/\.db$/, SEALING_SUFFIX);
  }

  /** The last row carries the end of the segment it was made of, however many rows there are. */
  #flush(last: boolean): void {
    if (this.#pending === undefined) return;
    const { row, columns } = this.#pending;
    this.#pending = undefined;
    const { task, at } = { task: this.#task, at: this.#rows };
    const numbers = {
      row: at,
      sequence: last ? task.lastSequence : Math.min(task.firstSequence + at - 1, task.lastSequence),
      spans: columns.count,
      spansThrough: last ? task.spansThrough : task.spansBefore + this.#spans,
      minStart: extreme(columns.startHigh, columns.startLow, columns.count, -1),
      maxStart: extreme(columns.startHigh, columns.startLow, columns.count, 1),
      maxEnd: extreme(columns.endHigh, columns.endLow, columns.count, 1),
      receivedAtMs: task.minReceivedMs,
      codec: row.codec,
      rawLength: row.rawLength,
    };
    this.#blocks.insert(numbers, row);
    this.#unsynced += row.body.length + row.index.length + row.bloom.length;
    if (this.#unsynced < SYNC_BYTES) return;
    this.#unsynced = 0;
    syncPath(this.#temporary);
  }

  #addOperations(columns: SpanColumns): void {
    const { groupIndex, nameIndex, kind: kinds, strings } = columns;
    // Of this row: what was looked at already.
    const seen = new Set<number>();
    for (let row = 0; row < columns.count; row++) {
      const triple = ((groupIndex[row] as number) * strings.length + (nameIndex[row] as number)) * 8;
      if (seen.has(triple + (kinds[row] as number))) continue;
      seen.add(triple + (kinds[row] as number));
      const service = serviceOf(columns, row);
      const name = columns.strings[columns.nameIndex[row] as number] as string;
      const kind = columns.kind[row] as SpanKind;
      const taken = this.#operations.take(service, name, kind);
      if (taken === "new") this.#insertOperation.run(service, name, kind);
      else if (taken === "refused" && !this.#overflows) {
        this.#overflows = true;
        this.#db.prepare("INSERT OR REPLACE INTO meta VALUES ('operations_overflow', '1')").run();
      }
    }
  }
}

/** The smallest (sign -1) or greatest (1) of `count` u64 numbers given in halves, as SQLite can hold it. */
function extreme(high: Uint32Array, low: Uint32Array, count: number, sign: 1 | -1): bigint {
  let best = 0;
  for (let i = 1; i < count; i++) {
    const difference = ((high[i] as number) - (high[best] as number)) * sign;
    if (difference > 0 || (difference === 0 && ((low[i] as number) - (low[best] as number)) * sign > 0)) best = i;
  }
  const value = (BigInt(high[best] ?? 0) << 32n) | BigInt(low[best] ?? 0);
  return value > MAX_STORED_TIME ? MAX_STORED_TIME : value;
}
