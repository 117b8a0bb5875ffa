import type { ExportOutcome } from "../../component/export.ts";
import type { HttpAnswer } from "../http-sender.ts";
import { httpOutcome, quote } from "../outcome.ts";

/**
 * Codes of ClickHouse (its ErrorCodes.cpp) that speak of the rows themselves: text, dates, numbers and types that do
 * not fit, and constraints. A type of a column that is another (53) is no matter of some rows.
 */
const OF_ROWS: ReadonlySet<number> = new Set([6, 25, 26, 27, 38, 41, 69, 72, 117, 131, 349, 407, 469]);

/** What somebody can do, by code. Spans wait until then. */
const HINTS: Readonly<Record<number, string>> = {
  16: "a column is missing: the table is not as the OpenTelemetry Collector's ClickHouse exporter makes it",
  36: "the engine or its arguments are wrong: `engine` decides",
  60: "the table is missing: set create_schema to true, or make it",
  81: "the database is missing: set create_schema to true, or make it",
  115: "the server does not know a setting that spanloom needs: it is too old",
  164: "the user may only read: it needs INSERT",
  170: "no such cluster: `cluster` has to be one of system.clusters",
  192: "no such user: `username` decides",
  194: "a password is wanted: `password` decides",
  241: "the server is short of memory",
  242: "the replica cannot write: it has lost its keeper",
  243: "the server's disk is full",
  252: "too many parts: the server merges slower than it is written to; raise sending.gather_ms",
  452: "the user's profile forbids a setting that spanloom needs (insert_deduplication_token, async_insert)",
  497: "the user needs INSERT and SELECT on the table, and CREATE where it is to be made",
  516: "the user or the password is wrong: `username` and `password` decide",
};

/** Codes after which the table is looked at again. */
const OF_TABLE: ReadonlySet<number> = new Set([16, 60, 81, 218]);

/** The error of an answer: `Code: 60. DB::Exception: …`; undefined where it has none. */
export function errorCode(answer: HttpAnswer): number | undefined {
  if (answer.type === "failed" || isSuccess(answer)) return undefined;
  const found = /^\s*Code: (\d+)\./.exec(wordsOf(answer));
  return found === null ? undefined : Number(found[1]);
}

/** Whether the table may be another than it was. */
export function isOfTable(code: number | undefined): boolean {
  return code !== undefined && OF_TABLE.has(code);
}

export function isSuccess(answer: HttpAnswer): answer is HttpAnswer & { readonly type: "answer" } {
  return answer.type === "answer" && answer.status >= 200 && answer.status < 300;
}

export function wordsOf(answer: HttpAnswer & { readonly type: "answer" }): string {
  return Buffer.from(answer.body).toString("utf8");
}

/** What an answer says of an insert of `count` spans. Rows that do not fit are looked for by halves. */
export function insertOutcome(answer: HttpAnswer, count: number): ExportOutcome {
  const code = errorCode(answer);
  if (code === undefined || answer.type === "failed") return httpOutcome(answer, count);
  if (OF_ROWS.has(code)) return { type: "split", reason: quote(wordsOf(answer)) };
  return { type: "retry", reason: withHint(answer, code) };
}

/** The server's words, and what can be done. */
export function withHint(answer: HttpAnswer & { readonly type: "answer" }, code: number | undefined): string {
  const hint = code === undefined ? undefined : HINTS[code];
  const words = quote(wordsOf(answer));
  return hint === undefined ? words : `${hint} (${words})`;
}
