import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { toRow } from "../../codec/clickhouse/to-row.ts";
import { rowJson } from "../../codec/clickhouse/traces-row.ts";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import type { LogFragment } from "../../model/log.ts";
import { DAY_MS } from "../../model/time.ts";
import type { SpansTable } from "./table.ts";

/** What goes to the server at once. */
export interface Insert {
  /** Names it: the server drops a second insert of this name, partition by partition. */
  readonly token: string;
  /** Of JSONEachRow, one a span. */
  readonly lines: readonly string[];
}

const DAY_NANOS = BigInt(DAY_MS) * 1_000_000n;
/** Days that have an insert of their own: an insert into one partition comes to be as a whole. */
const OWN_DAYS = 16;
/** Of further days, whose times are odd, so many share one: a server takes 100 partitions in an insert. */
const SHARED_DAYS = 90;

/**
 * The inserts of a batch, by day. Other work goes on between its blocks. Throws DecodeError where stored spans are
 * damaged.
 * @param range as Exporter.export
 */
export async function insertsOf(
  fragments: readonly LogFragment[],
  range: string,
  table: SpansTable,
): Promise<readonly Insert[]> {
  const hash = createHash("sha256").update(range);
  const days = new Map<bigint, string[]>();
  for (const fragment of fragments) {
    hash.update(`\n${fragment.rows.join(",")}\n`).update(fragment.block.body);
    for (const record of fragmentRecords(fragment)) {
      const row = toRow(record);
      const day = row.timestamp / DAY_NANOS;
      const line = rowJson(row, table.otlp);
      const lines = days.get(day);
      if (lines === undefined) days.set(day, [line]);
      else lines.push(line);
    }
    await setImmediate();
  }
  const name = hash.digest("hex");
  return grouped([...days]).map(([day, lines]) => ({ token: `${name}-${day}`, lines }));
}

/** An insert that was refused for some of its rows, in two. Its halves are the same whenever it is refused. */
export function halves({ token, lines }: Insert): readonly [Insert, Insert] {
  const middle = Math.ceil(lines.length / 2);
  return [
    { token: `${token}.0`, lines: lines.slice(0, middle) },
    { token: `${token}.1`, lines: lines.slice(middle) },
  ];
}

/** The days with most rows each for itself, further ones together; named after the first of them. */
function grouped(days: readonly [bigint, string[]][]): readonly (readonly [bigint, readonly string[]])[] {
  const sorted = days.toSorted(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
  const groups: (readonly [bigint, readonly string[]])[] = sorted.slice(0, OWN_DAYS);
  for (let at = OWN_DAYS; at < sorted.length; at += SHARED_DAYS) {
    const some = sorted.slice(at, at + SHARED_DAYS);
    groups.push([(some[0] as [bigint, string[]])[0], some.flatMap(([, lines]) => lines)]);
  }
  return groups;
}
