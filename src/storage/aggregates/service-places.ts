import { valuesCrc } from "../sqlite/checked-meta.ts";
import type { SqlDatabase } from "../sqlite/driver.ts";

/**
 * In which order services have first come into the store: `place` counts from 0 and never changes, whatever retention
 * removes, so that a service keeps the colour that pages give it by its place. In consumers.db, written with the rates.
 * `crc` is CRC32 over the other columns.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS service_place (
  service TEXT PRIMARY KEY,
  place INTEGER NOT NULL,
  crc INTEGER NOT NULL
) WITHOUT ROWID;
`;

/** Names are kept for ever, so those that senders make up must end somewhere: 10 MB at the most. */
const MAX_PLACES = 10_000;

interface StoredPlace {
  readonly service: string;
  readonly place: number;
  readonly crc: number;
}

/** Makes the table. Throws SqlError `corrupt` where it is not the one that it makes. */
export function prepareServicePlaces(db: SqlDatabase): void {
  db.exec(SCHEMA);
  db.prepare("SELECT service, place, crc FROM service_place");
}

/** The stored places by service; a row that is not what was written counts as none. Empty where nothing was stored. */
export function readServicePlaces(db: SqlDatabase): Map<string, number> {
  if (!hasTable(db)) return new Map();
  const rows = db
    .prepare<StoredPlace>("SELECT service AS service, place AS place, crc AS crc FROM service_place ORDER BY place")
    .all();
  return new Map(rows.filter(isWhole).map(({ service, place }) => [service, place]));
}

/**
 * The places of services as pages are told them. Those that have none yet come behind, by name: that is the order in
 * which the next flush gives them theirs, where it has them all.
 */
export function placesOf(db: SqlDatabase, services: readonly string[]): ReadonlyMap<string, number> {
  const places = readServicePlaces(db);
  let next = nextPlace(places);
  for (const service of [...services].sort()) if (!places.has(service)) places.set(service, next++);
  return places;
}

/** The writing side. */
export class ServicePlaces {
  /** Names that have a place; read again when undefined. */
  #known: Map<string, number> | undefined;

  /** What was written since the last commit did not last. */
  forget(): void {
    this.#known = undefined;
  }

  /** Gives those of the services that have none the next places, by name. Runs inside the caller's transaction. */
  note(db: SqlDatabase, services: Iterable<string>): void {
    this.#known ??= readServicePlaces(db);
    const known = this.#known;
    const missing = [...new Set(services)].filter((service) => !known.has(service)).sort();
    this.add(db, missing);
  }

  /** The same in the order given. */
  add(db: SqlDatabase, services: Iterable<string>): void {
    this.#known ??= readServicePlaces(db);
    let next = nextPlace(this.#known);
    const write = db.prepare("INSERT OR REPLACE INTO service_place (service, place, crc) VALUES (?, ?, ?)");
    for (const service of services) {
      if (this.#known.has(service) || this.#known.size >= MAX_PLACES) continue;
      write.run(service, next, valuesCrc([service, next]));
      this.#known.set(service, next++);
    }
  }
}

function nextPlace(places: ReadonlyMap<string, number>): number {
  let next = 0;
  for (const place of places.values()) next = Math.max(next, place + 1);
  return next;
}

function isWhole({ service, place, crc }: StoredPlace): boolean {
  return valuesCrc([service, place]) === crc;
}

function hasTable(db: SqlDatabase): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'service_place'").get() !== undefined;
}

/** What the table holds that was not written, one sentence each. Throws SqlError. */
export function* servicePlaceProblems(db: SqlDatabase): Generator<string> {
  if (!hasTable(db)) return;
  const rows = db.prepare<StoredPlace>("SELECT service AS service, place AS place, crc AS crc FROM service_place");
  for (const row of rows.iterate()) {
    if (!isWhole(row)) yield `place of the service ${row.service}: the checksum is not that of the row`;
  }
}
