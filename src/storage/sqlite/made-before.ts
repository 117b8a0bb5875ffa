import { type SqlDatabase, SqlError } from "./driver.ts";

/**
 * Whether a database has tables; false for one that was only just made. One that says that it has none and is larger
 * than its first page has lost them: a few bits of that page say how many there are, and SQLite believes them.
 * @throws SqlError `corrupt` for such a one
 */
export function wasMadeBefore(db: SqlDatabase): boolean {
  const tables = db.prepare<{ n: number }>("SELECT count(*) AS n FROM sqlite_master").get();
  if ((tables?.n ?? 0) > 0) return true;
  const { page_count: pages = 0 } = db.prepare<{ page_count: number }>("PRAGMA page_count").get() ?? {};
  if (pages <= 1) return false;
  throw new SqlError("corrupt", "SPANLOOM_FORMAT", db.path, `it has ${pages} pages and says that it has no table`);
}
