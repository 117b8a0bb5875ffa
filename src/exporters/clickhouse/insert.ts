import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { toRow } from "../../codec/clickhouse/to-row.ts";
import { rowJson } from "../../codec/clickhouse/traces-row.ts";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import type { LogFragment } from "../../model/log.ts";
import { DAY_MS } from "../../model/time.ts";
import type { SpansTable } from "./table.ts";

/** What goes into one partition with one insert. */
export interface Insert {
  /** Names it: the server drops a second insert of this name. */
  readonly token: string;
  readonly spans: number;
  /** JSONEachRow. */
  readonly body: Uint8Array;
}

const DAY_NANOS = BigInt(DAY_MS) * 1_000_000n;

/**
 * The inserts of a batch, by day, since an insert into one partition comes to be as a whole. Other work goes on between
 * its blocks. Throws DecodeError where stored spans are damaged.
 * @param range as Exporter.export
 */
export async function insertsOf(
  fragments: readonly LogFragment[],
  range: string,
  table: SpansTable,
): Promise<readonly Insert[]> {
  const hash = createHash("sha256").update(range);
  const days = new Map<bigint, { spans: number; readonly parts: Buffer[] }>();
  for (const fragment of fragments) {
    hash.update(`\n${fragment.rows.join(",")}\n`).update(fragment.block.body);
    for (const [day, lines] of linesByDay(fragment, table)) {
      const part = Buffer.from(`${lines.join("\n")}\n`);
      const known = days.get(day);
      if (known === undefined) days.set(day, { spans: lines.length, parts: [part] });
      else {
        known.spans += lines.length;
        known.parts.push(part);
      }
    }
    await setImmediate();
  }
  const name = hash.digest("hex");
  return Array.from(days, ([day, { spans, parts }]) => ({
    token: `${name}-${day}`,
    spans,
    body: Buffer.concat(parts),
  }));
}

function linesByDay(fragment: LogFragment, table: SpansTable): Map<bigint, string[]> {
  const days = new Map<bigint, string[]>();
  for (const record of fragmentRecords(fragment)) {
    const row = toRow(record);
    const day = row.timestamp / DAY_NANOS;
    const line = rowJson(row, table.otlp);
    const lines = days.get(day);
    if (lines === undefined) days.set(day, [line]);
    else lines.push(line);
  }
  return days;
}
