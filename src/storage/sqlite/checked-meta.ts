import { crc32 } from "node:zlib";
import type { SqlDatabase } from "./driver.ts";

/**
 * CRC32 of values as the store reads them back. Strings and numbers of the same text differ, and so do lists that are
 * cut differently.
 */
export function valuesCrc(values: readonly (string | number | bigint | null | Uint8Array)[]): number {
  return crc32(
    JSON.stringify(
      values.map((value) => {
        if (typeof value === "bigint") return Number(value);
        return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
      }),
    ),
  );
}

/** A value of the table `meta` of a database; undefined where the key is not set. */
export function readMeta(db: SqlDatabase, key: string): string | undefined {
  return db.prepare<{ value: string }>("SELECT value AS value FROM meta WHERE key = ?").get(key)?.value;
}

export function writeMeta(db: SqlDatabase, key: string, value: string): void {
  db.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)").run(key, value);
}
