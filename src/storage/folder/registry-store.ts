import { join } from "node:path";
import type { RegistryStore, StoredInstance } from "../../component/discovery.ts";
import { RetryableError } from "../../component/errors.ts";
import { makeFolder, PRIVATE_FOLDER } from "../../component/files/make-folder.ts";
import type { Logger } from "../../component/logger.ts";
import { messageOf } from "../../model/message-of.ts";
import { chooseDriver, type SqliteDriverName } from "../sqlite/choose-driver.ts";
import { type SqlDatabase, type SqlDriver, SqlError } from "../sqlite/driver.ts";
import { wasMadeBefore } from "../sqlite/made-before.ts";
import { openTwice } from "../sqlite/open-twice.ts";
import { openError } from "../sqlite/storage-errors.ts";
import { putDatabaseAside } from "./segment-files.ts";

export const REGISTRY_FILE = "registry.db";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS instance (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
`;

/**
 * Registrations in registry.db of the data folder, which the caller must hold the lock of. A damaged file is put aside
 * with an error in the log: services register again with their next heartbeat. A record that cannot be read is left out
 * likewise.
 * @throws PermanentError `data_folder_unusable`; the methods throw RetryableError `storage_full` or
 *   `storage_unavailable`
 */
export function openRegistryStore(dataFolder: string, logger: Logger, driver?: SqliteDriverName): RegistryStore {
  const path = join(dataFolder, REGISTRY_FILE);
  let db: SqlDatabase;
  try {
    makeFolder(dataFolder, PRIVATE_FOLDER);
    db = openOrReplace(chooseDriver(driver), path, logger);
  } catch (error) {
    throw openError(dataFolder, error);
  }
  const select = db.prepare<{ id: string; record: string }>(
    "SELECT id AS id, record AS record FROM instance ORDER BY id",
  );
  const replace = db.prepare("INSERT OR REPLACE INTO instance VALUES (?, ?)");
  const remove = db.prepare("DELETE FROM instance WHERE id = ?");
  return {
    load() {
      return guarded(() =>
        select.all().flatMap(({ id, record }) => {
          const parsed = parse(record);
          if (parsed === undefined) logger.error("a registration cannot be read and is left out", { id, file: path });
          return parsed ?? [];
        }),
      );
    },
    put: (record) => guarded(() => void replace.run(record.instance.id, JSON.stringify(record))),
    remove: (id) => guarded(() => void remove.run(id)),
    close: () => db.close(),
  };
}

/** What the registrations hold that was not written, one sentence each. Throws SqlError. */
export function* registryProblems(db: SqlDatabase): Generator<string> {
  const rows = db.prepare<{ id: string; record: string }>(
    "SELECT id AS id, record AS record FROM instance ORDER BY id",
  );
  for (const { id, record } of rows.iterate()) {
    if (parse(record) === undefined) yield `the registration ${id} cannot be read`;
  }
}

function openOrReplace(driver: SqlDriver, path: string, logger: Logger): SqlDatabase {
  try {
    return openTwice(() => open(driver, path));
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== "corrupt") throw error;
    logger.error("the registrations are damaged and were put aside; services have to register again", {
      file: path,
      reason: error.message,
    });
    putDatabaseAside(path);
    return open(driver, path);
  }
}

function open(driver: SqlDriver, path: string): SqlDatabase {
  const db = driver.open(path);
  try {
    // A heartbeat that a power cut takes back only makes an instance look older, so it need not reach the disk at once.
    wasMadeBefore(db);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${SCHEMA}`);
    db.prepare("SELECT count(*) FROM instance").get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function parse(text: string): StoredInstance | undefined {
  try {
    const value = JSON.parse(text) as StoredInstance;
    const known = typeof value?.instance?.id === "string" && Array.isArray(value.checks);
    // JSON has no undefined: a missing zone or heartbeat comes back as a missing key, which reads the same.
    return known ? value : undefined;
  } catch {
    return undefined;
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const full = error instanceof SqlError && error.kind === "full";
    const text = messageOf(error);
    throw new RetryableError(
      full ? "storage_full" : "storage_unavailable",
      `the registration was not kept: ${text}`,
      undefined,
      { cause: error },
    );
  }
}
