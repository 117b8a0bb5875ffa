import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { decodeSpan, decodeTraces } from "../../../src/codec/otlp/message/decode.ts";
import type { Span } from "../../../src/model/span.ts";
import { readRed } from "../../../src/storage/aggregates/red-table.ts";
import { decodeBlockIndex } from "../../../src/storage/block/block-index.ts";
import { openConsumersDb } from "../../../src/storage/consumers/consumers-db.ts";
import { type ConsumerState, CursorStore } from "../../../src/storage/consumers/cursor-store.ts";
import { CONSUMERS_FILE } from "../../../src/storage/folder/layout.ts";
import { openRegistryStore } from "../../../src/storage/folder/registry-store.ts";
import type { SqliteDriverName } from "../../../src/storage/sqlite/choose-driver.ts";
import type { SqlDriver } from "../../../src/storage/sqlite/driver.ts";
import { recordingHost } from "../host.ts";
import { incoming, MADE_AT_MS, makeBody, spanNumbers } from "../storage/batches.ts";
import { openFolder } from "../storage/open-folder.ts";
import type { DiskEvent } from "./disk-log.ts";
import { type RunMark, recordedSpan, traceOf } from "./recorded-spans.ts";

/** What was promised, and what was delivered, at a moment of a recorded run. */
class Promised {
  readonly sent = new Set<number>();
  readonly acknowledged = new Set<number>();
  readonly delivered = new Set<number>();
  readonly deleting = new Set<number>();
  readonly deleted = new Set<number>();
  /** The registrations after each change, the first before any. */
  readonly registrations: ReadonlyMap<string, number>[] = [new Map()];
  oldThrough = 0;
  emptyingThrough = 0;
  emptiedThrough = 0;

  constructor(events: readonly DiskEvent[], at: number) {
    for (const event of events.slice(0, at)) {
      if (event.type !== "mark") continue;
      if (event.text.startsWith("{")) this.#take(JSON.parse(event.text) as RunMark);
      else for (const id of event.text.trim().split("\n")) this.delivered.add(Number(id));
    }
  }

  #take(mark: RunMark): void {
    switch (mark.type) {
      case "sent":
      case "acknowledged":
        for (const id of mark.ids) this[mark.type].add(id);
        break;
      case "deleting":
      case "deleted":
        this[mark.type].add(mark.trace);
        break;
      case "registering": {
        const next = new Map(this.registrations.at(-1));
        if (mark.at === undefined) next.delete(mark.id);
        else next.set(mark.id, mark.at);
        this.registrations.push(next);
        break;
      }
      case "old":
        this.oldThrough = mark.through;
        break;
      case "emptying":
        this.emptyingThrough = mark.through;
        break;
      case "emptied":
        this.emptiedThrough = mark.through;
        break;
    }
  }

  /** Why the folder may lack the span; undefined where it must be there. */
  mayLack(id: number): boolean {
    if (!this.acknowledged.has(id) || this.deleting.has(traceOf(id))) return true;
    return id <= this.oldThrough || id <= this.emptyingThrough;
  }

  mayShow(id: number): boolean {
    return this.sent.has(id) && !this.deleted.has(traceOf(id)) && id > this.emptiedThrough;
  }
}

interface Shown {
  readonly id: number;
  /** Of its row, as cursors name it. */
  readonly position: number;
  readonly block: number;
}

/** Spans that are shown, in the order of the log, and what is wrong with them. */
function shownSpans({ source }: ReturnType<typeof openFolder>, wrong: string[]): Shown[] {
  const shown: Shown[] = [];
  for (const { id: segment, position } of source.segments()) {
    for (const head of source.blocksAfter(segment, 0, 100_000)) {
      const body = source.body(segment, head.block);
      const columns = decodeBlockIndex(head.index);
      const ids = spanNumbers(columns);
      for (const [row, id] of ids.entries()) {
        shown.push({ id, position, block: head.block });
        const span = body && decodeSpan(body, columns.spanStart[row] as number, columns.spanEnd[row] as number);
        if (!isDeepStrictEqual(span, expectedSpan(id))) wrong.push(`span ${id} of segment ${segment} is another one`);
      }
    }
  }
  return shown;
}

const expectedSpans = new Map<number, Span>();
function expectedSpan(id: number): Span {
  const known = expectedSpans.get(id);
  if (known !== undefined) return known;
  const [made] = decodeTraces(makeBody("recorded", [recordedSpan(id)]));
  const span = made?.scopeSpans[0]?.spans[0] as Span;
  expectedSpans.set(id, span);
  return span;
}

const AFTER = 900_000;
const HOURS = {
  startMs: MADE_AT_MS - 86_400_000,
  endMs: MADE_AT_MS + 86_400_000,
  stepMs: 86_400_000,
  byOperation: false,
};

/**
 * Opens a folder as a power cut right after the first `at` events left it, and says what of it is not as promised: one
 * sentence each. It is opened twice, as a start that mends must leave nothing to mend, and a span is stored between.
 */
export function imageProblems(
  path: string,
  events: readonly DiskEvent[],
  at: number,
  { name, driver }: { readonly name: SqliteDriverName; readonly driver: SqlDriver },
): string[] {
  const promised = new Promised(events, at);
  const wrong: string[] = [];
  for (const opening of ["first", "second"]) {
    const folder = openFolder(path, {}, driver);
    try {
      const shown = shownSpans(folder, wrong);
      checkSpans(promised, shown, opening === "second", wrong);
      checkConsumers(path, driver, promised, shown, wrong);
      if (opening === "first") {
        const [stored] = folder.core.append([incoming(makeBody("recorded", [recordedSpan(AFTER)]))]);
        if (stored?.type !== "stored") wrong.push(`nothing can be stored: ${JSON.stringify(stored)}`);
      }
      for (const reason of folder.damaged) wrong.push(`damage was met: ${reason}`);
      wrong.push(...errorsOf(folder.host));
    } finally {
      folder.close();
    }
    checkRegistrations(path, name, promised, wrong);
    if (wrong.length > 0) return wrong.map((text) => `${opening} opening: ${text}`);
  }
  return wrong;
}

function checkSpans(promised: Promised, shown: readonly Shown[], hasAfter: boolean, wrong: string[]): void {
  const counts = new Map<number, number>();
  for (const { id } of shown) counts.set(id, (counts.get(id) ?? 0) + 1);
  const after = counts.get(AFTER) ?? 0;
  if (after !== (hasAfter ? 1 : 0)) wrong.push(`the span stored after the crash is there ${after} times`);
  counts.delete(AFTER);
  const list = (what: string, ids: Iterable<number>) => {
    const all = [...ids];
    if (all.length > 0) wrong.push(`${all.length} spans ${what}: ${all.slice(0, 10).join(", ")}`);
  };
  list(
    "are shown twice",
    [...counts].flatMap(([id, count]) => (count > 1 ? [id] : [])),
  );
  list(
    "are shown that may not be",
    [...counts.keys()].filter((id) => !promised.mayShow(id)),
  );
  list(
    "were acknowledged and are lost",
    [...promised.acknowledged].filter((id) => !promised.mayLack(id) && !counts.has(id)),
  );
}

function checkConsumers(
  path: string,
  driver: SqlDriver,
  promised: Promised,
  shown: readonly Shown[],
  wrong: string[],
): void {
  const host = recordingHost();
  const { db } = openConsumersDb(driver, join(path, CONSUMERS_FILE), host.logger);
  try {
    wrong.push(...errorsOf(host));
    const cursors = new CursorStore(db);
    const file = cursors.load("file");
    const skipped = shown.filter((span) => isPassed(span, file) && !promised.delivered.has(span.id));
    if (skipped.length > 0) wrong.push(`the exporter's cursor is past ${skipped.length} spans that it did not deliver`);
    const { series } = readRed(db, HOURS);
    const counted = series.flatMap(({ points }) => points).reduce((sum, point) => sum + (point?.spans ?? 0), 0);
    const passed = cursors.load("aggregate/red")?.position.spansThrough ?? 0;
    if (counted > passed) wrong.push(`the metrics count ${counted} spans, and their cursor has passed ${passed}`);
  } finally {
    db.close();
  }
}

function isPassed({ position, block }: Shown, state: ConsumerState | undefined): boolean {
  if (state === undefined) return false;
  const cursor = state.position;
  return position < cursor.segment || (position === cursor.segment && block <= cursor.block);
}

function checkRegistrations(path: string, name: SqliteDriverName, promised: Promised, wrong: string[]): void {
  const host = recordingHost();
  const registry = openRegistryStore(path, host.logger, name);
  try {
    const found = new Map(registry.load().map(({ instance, registeredAtMs }) => [instance.id, registeredAtMs]));
    wrong.push(...errorsOf(host));
    if (!promised.registrations.some((state) => isDeepStrictEqual(state, found))) {
      wrong.push(`the registrations are of no moment of the run: ${JSON.stringify([...found])}`);
    }
  } finally {
    registry.close();
  }
}

function errorsOf({ lines }: ReturnType<typeof recordingHost>): string[] {
  return lines
    .filter(({ level }) => level === "error" || level === "warn")
    .map(({ message, fields }) => `${message} ${JSON.stringify(fields ?? {})}`);
}
