import { CursorStore } from "../../../src/storage/consumers/cursor-store.ts";
import { readMeta, writeMeta } from "../../../src/storage/sqlite/checked-meta.ts";
import type { SqlDatabase } from "../../../src/storage/sqlite/driver.ts";

const KEY = "received_with_cursors";

/**
 * Makes a consumers.db what versions wrote that kept no receive times; `minutesFrom` is the first minute that they
 * held.
 */
export function toOlderConsumers(db: SqlDatabase, minutesFrom: number): void {
  db.exec("DROP TABLE received_hour; DROP TABLE service_place");
  db.prepare("DELETE FROM meta WHERE key = ?").run(KEY);
  db.prepare("INSERT OR REPLACE INTO red_kept (id, minutes_from) VALUES (0, ?)").run(minutesFrom);
}

/** Stores a cursor at a sequence, and what `also` writes, as those versions do beside a table that they do not know. */
export function writeAsOlder(db: SqlDatabase, sequence: number, also: (db: SqlDatabase) => void): void {
  const before = readMeta(db, KEY);
  const position = { segment: 1, block: sequence, sequence, spansThrough: sequence };
  const state = { position, delivered: 0, rejected: 0, lost: 0, retries: 0 };
  new CursorStore(db).save(new Map([["aggregate/red", state]]), also);
  if (before === undefined) db.prepare("DELETE FROM meta WHERE key = ?").run(KEY);
  else writeMeta(db, KEY, before);
}
