import { readdirSync } from "node:fs";
import { join } from "node:path";
import { firstFilter } from "../../../src/storage/block/bloom.ts";
import { bodyCrc, headCrc } from "../../../src/storage/block/body-codec.ts";
import { testDriver } from "./driver.ts";

type Row = Readonly<Record<"row" | "sequence" | "spans" | "spansThrough" | "receivedAtMs", bigint>> &
  Readonly<Record<"minStart" | "maxStart" | "maxEnd" | "codec" | "rawLength", bigint>> &
  Readonly<Record<"index" | "bloom" | "body", Uint8Array>>;

/** Makes a data folder that nobody uses what versions of format 1 wrote: blooms of one filter, under that number. */
export function toFormatOne(folder: string): void {
  setFormat(join(folder, "catalog.db"), 1);
  for (const name of readdirSync(join(folder, "segments")).filter((file) => file.endsWith(".db"))) {
    const path = join(folder, "segments", name);
    setFormat(path, 1);
    const db = testDriver.open(path);
    const rows = db.prepare<Row>(
      `SELECT row, sequence, spans, spans_through AS spansThrough, min_start AS minStart, max_start AS maxStart,
         max_end AS maxEnd, received_ms AS receivedAtMs, codec, raw_length AS rawLength, index_blob AS "index", bloom, body
       FROM block`,
      { bigints: true },
    );
    const update = db.prepare("UPDATE block SET bloom = ?, head_crc = ?, body_crc = ? WHERE row = ?");
    for (const stored of rows.all()) {
      const bloom = firstFilter(stored.bloom);
      const numbers = {
        row: Number(stored.row),
        sequence: Number(stored.sequence),
        spans: Number(stored.spans),
        spansThrough: Number(stored.spansThrough),
        minStart: stored.minStart,
        maxStart: stored.maxStart,
        maxEnd: stored.maxEnd,
        receivedAtMs: Number(stored.receivedAtMs),
        codec: Number(stored.codec),
        rawLength: Number(stored.rawLength),
      };
      const head = headCrc(numbers, stored.index, bloom);
      update.run(bloom, head, bodyCrc(head, stored.body), stored.row);
    }
    db.close();
  }
}

/** The number of the format that a catalog or segment says it has. */
export function formatOf(path: string): string | undefined {
  const db = testDriver.open(path, { readOnly: true });
  try {
    return db.prepare<{ value: string }>("SELECT value FROM meta WHERE key = 'format_version'").get()?.value;
  } finally {
    db.close();
  }
}

export function setFormat(path: string, format: number): void {
  const db = testDriver.open(path);
  db.prepare("UPDATE meta SET value = ? WHERE key = 'format_version'").run(String(format));
  db.close();
}
