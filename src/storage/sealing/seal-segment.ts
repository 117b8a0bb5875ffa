import { join } from "node:path";
import { NO_SPAN_LIMITS } from "../../codec/otlp/message/span-limits.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { decodeBlockIndex } from "../block/block-index.ts";
import { SEGMENTS_FOLDER, segmentFileName } from "../folder/layout.ts";
import type { SealOutcome, SealTask } from "../log/seal-task.ts";
import type { BlockHead, SegmentSource } from "../log/segment-source.ts";
import type { SqlDriver } from "../sqlite/driver.ts";
import { Assembler } from "./assemble.ts";
import { groupByTrace } from "./grouping.ts";
import { BlockSealer } from "./seal-block.ts";
import { SealedFile, type SealingStep } from "./sealed-file.ts";
import { joined, type SourceBlock, topLevelExtras } from "./source-blocks.ts";

export interface SealingOptions {
  readonly driver: SqlDriver;
  /** Data folder. */
  readonly folder: string;
  /** The stored log, deletions applied. */
  readonly source: SegmentSource;
  readonly task: SealTask;
  /** Lets others work between two rows; throws to interrupt. */
  readonly pause: () => Promise<void>;
  /** For tests. */
  readonly onStep?: (step: SealingStep) => void;
}

/** Rows of this many spans: a trace is read back within a few milliseconds, and larger ones save 2 % more. */
const ROW_LIMITS = { maxSpans: 2048, maxBytes: 4 * 1024 * 1024 };
/** Spans are grouped by trace among those that arrived together: this bounds the memory that it takes. */
const WINDOW_SPANS = 32_768;
const WINDOW_BYTES = 16 * 1024 * 1024;
const READ_ROWS = 16;

/**
 * Rewrites a segment: spans grouped by trace, deleted ones left out, every row proved to come back as it was. Leaves
 * nothing behind unless the outcome is `sealed`. Rejects with SqlError and errors of the file system.
 */
export async function sealSegment(options: SealingOptions): Promise<SealOutcome> {
  const { driver, folder, task, source } = options;
  const before = source.missed().count;
  if (task.sealed && !(await holdsDeleted(options))) {
    const { count, reason } = source.missed();
    return count === before ? { type: "unchanged" } : { type: "abandoned", reason };
  }
  const path = join(folder, SEGMENTS_FOLDER, segmentFileName(task.id));
  const missed = source.missed().count;
  const file = new SealedFile(driver, path, task, options.onStep ?? (() => {}));
  try {
    const sealer = new BlockSealer(new TraceScanner(NO_SPAN_LIMITS));
    for await (const window of windows(options)) {
      const assembler = new Assembler(window);
      const extras = window.map(({ body }) => topLevelExtras(body));
      const open = new Set(window.keys());
      for (const refs of groupByTrace(window, ROW_LIMITS)) {
        const first = [...new Set(refs.rows)].filter((row) => open.delete(row));
        const row = assembler.assemble(refs, joined(first.map((index) => extras[index] as Uint8Array)));
        file.add(sealer.seal(row), row.columns);
        await options.pause();
      }
    }
    if (!source.segments().some(({ id }) => id === task.source)) {
      file.abandon();
      return { type: "abandoned", reason: "the segment was removed" };
    }
    if (source.missed().count !== missed) {
      file.abandon();
      return { type: "abandoned", reason: source.missed().reason };
    }
    if (file.spans === 0) {
      file.abandon();
      return { type: "empty" };
    }
    const { rows, spans } = file;
    return { type: "sealed", rows, spans, bytes: file.finish() };
  } catch (error) {
    file.abandon();
    throw error;
  }
}

/** Rows of the segment in order, as many at a time as are grouped together. */
async function* windows({ source, task, pause }: SealingOptions): AsyncGenerator<readonly SourceBlock[]> {
  let window: SourceBlock[] = [];
  let spans = 0;
  let bytes = 0;
  for (let at = 0; ; ) {
    const heads = source.blocksAfter(task.source, at, READ_ROWS);
    for (const head of heads) {
      const columns = decodeBlockIndex(head.index);
      at = head.block;
      if (columns.count === 0) continue;
      const body = source.body(task.source, head.block);
      // The segment is gone, or damaged and reported: whoever asks for it next finds that out.
      if (body === undefined) return;
      window.push({ body, columns, receivedAtMs: head.receivedAtMs });
      spans += columns.count;
      bytes += body.length;
      if (spans < WINDOW_SPANS && bytes < WINDOW_BYTES) continue;
      yield window;
      window = [];
      spans = 0;
      bytes = 0;
    }
    if (heads.length < READ_ROWS) break;
    await pause();
  }
  if (window.length > 0) yield window;
}

async function holdsDeleted({ source, task, pause }: SealingOptions): Promise<boolean> {
  for (let at = 0; ; ) {
    const heads = source.blocksAfter(task.source, at, READ_ROWS);
    if (heads.some(({ index, spans }) => decodeBlockIndex(index).count < spans)) return true;
    if (heads.length < READ_ROWS) return false;
    at = (heads.at(-1) as BlockHead).block;
    await pause();
  }
}
