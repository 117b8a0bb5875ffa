import type { Host } from "../../component/component.ts";
import type { Exporter, ExporterFactory, ExporterSettings, ExportOutcome } from "../../component/export.ts";
import type { Logger } from "../../component/logger.ts";
import type { LogFragment } from "../../model/log.ts";
import { HttpPoster } from "../http-poster.ts";
import type { HttpAnswer } from "../http-sender.ts";
import { countSpans, unreadable } from "../outcome.ts";
import { errorCode, insertOutcome, isOfTable, isSuccess, withHint, wordsOf } from "./answer.ts";
import { type ClickHouseConfig, clickhouseConfig } from "./config.ts";
import { createDatabase, createTables, DEDUPLICATION_WINDOW } from "./ddl.ts";
import { halves, type Insert, insertsOf } from "./insert.ts";
import { type Column, dropsRepetitions, isOurs, type SpansTable, spansTable, tableProblem } from "./table.ts";

type Settings = Readonly<Record<string, string>>;
type Prepared = { readonly table: SpansTable } | { readonly reason: string };

/** Halvings in one batch: a row of 50,000 is found by 16 of them. What needs more is no matter of some rows. */
const MOST_HALVED = 200;

const MISSING: ReadonlySet<number> = new Set([60, 81]);
const FORBIDDEN: ReadonlySet<number> = new Set([164, 497]);

/**
 * Writes spans into a table of the OpenTelemetry Collector's ClickHouse exporter, over ClickHouse's HTTP interface. An
 * insert has a token made of what is in it, so that the repetition of one that was stored is dropped by the server.
 */
class ClickHouseExporter implements Exporter {
  readonly #settings: ExporterSettings;
  readonly #config: ClickHouseConfig;
  readonly #poster: HttpPoster;
  #logger: Logger | undefined;
  #table: SpansTable | undefined;
  #saidAtLeastOnce = false;

  constructor(settings: ExporterSettings, config: ClickHouseConfig) {
    this.#settings = settings;
    this.#config = config;
    const { username, password, headers } = config;
    const identity = { "x-clickhouse-user": username, ...(password === "" ? {} : { "x-clickhouse-key": password }) };
    this.#poster = new HttpPoster(settings, { ...config, headers: { ...identity, ...headers } });
  }

  /** The server is asked for nothing yet: it may be away, and spans wait in the log. */
  async start(host: Host): Promise<void> {
    this.#poster.start(host, { userAgent: host.userAgent, maxSockets: this.#config.sending.concurrency + 1 });
    this.#logger = host.logger;
  }

  export(fragments: readonly LogFragment[], signal: AbortSignal, range = ""): Promise<ExportOutcome> {
    return this.#poster.during(() => this.#export(fragments, signal, range));
  }

  async #export(fragments: readonly LogFragment[], signal: AbortSignal, range: string): Promise<ExportOutcome> {
    const prepared = this.#table === undefined ? await this.#prepare(signal) : { table: this.#table };
    if ("reason" in prepared) return { type: "retry", reason: prepared.reason };
    let inserts: readonly Insert[];
    try {
      inserts = await insertsOf(fragments, range, prepared.table);
    } catch (error) {
      return unreadable(countSpans(fragments), error);
    }
    return this.#insertAll(inserts, prepared.table, signal);
  }

  /**
   * One after the other. Where the server cannot read rows they are looked for by halves, here and not by who calls:
   * each part keeps its token, so that what was stored by then is dropped when all is tried again.
   */
  async #insertAll(inserts: readonly Insert[], table: SpansTable, signal: AbortSignal): Promise<ExportOutcome> {
    const left = [...inserts];
    let refused = 0;
    let reason = "";
    let halved = 0;
    for (let insert = left.shift(); insert !== undefined; insert = left.shift()) {
      const answer = await this.#insert(insert, table, signal);
      const outcome = insertOutcome(answer, insert.lines.length);
      if (outcome.type === "retry") {
        if (isOfTable(errorCode(answer))) this.#table = undefined;
        return outcome;
      }
      if (outcome.type === "delivered") continue;
      if (outcome.type === "split" && insert.lines.length > 1) {
        if (++halved > MOST_HALVED) {
          this.#table = undefined;
          return { type: "retry", reason: `many rows cannot be read: is the table another one? ${outcome.reason}` };
        }
        left.unshift(...halves(insert));
        continue;
      }
      refused += insert.lines.length;
      reason = outcome.reason;
    }
    return refused === 0 ? { type: "delivered" } : { type: "rejected", count: refused, reason };
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#poster.shutdown(signal);
  }

  #insert({ token, lines }: Insert, { columns }: SpansTable, signal: AbortSignal): Promise<HttpAnswer> {
    const list = columns.map((column) => `\`${column}\``).join(", ");
    return this.#post(
      {
        query: `INSERT INTO ${this.#tableName()} (${list}) FORMAT JSONEachRow`,
        // Stored when it is answered, and known again by its token, in the view's table too.
        async_insert: "0",
        insert_distributed_sync: "1",
        insert_deduplicate: "1",
        insert_deduplication_token: token,
        deduplicate_blocks_in_dependent_materialized_views: "1",
        wait_end_of_query: "1",
      },
      Buffer.from(`${lines.join("\n")}\n`),
      signal,
    );
  }

  /** Looks at the table, and makes it where it is missing and may be made. */
  async #prepare(signal: AbortSignal): Promise<Prepared> {
    let columns = await this.#columns(signal);
    if (this.#config.create_schema && (columns === "missing" || (!("reason" in columns) && isOurs(columns)))) {
      const reason = await this.#create(columns === "missing", signal);
      if (reason !== undefined) return { reason };
      if (columns === "missing") columns = await this.#columns(signal);
    }
    if (columns === "missing") {
      return { reason: `there is no table ${this.#tableName()}: set create_schema to true, or make it` };
    }
    if ("reason" in columns) return columns;
    const problem = tableProblem(columns);
    if (problem !== undefined) {
      const expected = "expected a table as the OpenTelemetry Collector's ClickHouse exporter makes it";
      return { reason: `${this.#tableName()} is another table: ${problem}; ${expected}` };
    }
    await this.#tellHowOften(signal);
    this.#table = spansTable(columns);
    return { table: this.#table };
  }

  async #columns(signal: AbortSignal): Promise<readonly Column[] | "missing" | { readonly reason: string }> {
    const answer = await this.#ask(`DESCRIBE TABLE ${this.#tableName()} FORMAT JSON`, signal);
    if (isSuccess(answer)) {
      const columns = (rowsOf(answer) ?? []).filter(isColumn);
      return columns.length > 0 ? columns : { reason: "the answer is none of ClickHouse's: is this its HTTP port?" };
    }
    if (answer.type === "failed") return { reason: answer.reason };
    const code = errorCode(answer);
    if (code !== undefined && MISSING.has(code)) return "missing";
    return { reason: withHint(answer, code) };
  }

  /**
   * Makes whatever of ours is missing: a start may have ended between two of them. Gives why it cannot be made;
   * undefined once it is there.
   */
  async #create(isNew: boolean, signal: AbortSignal): Promise<string | undefined> {
    const statements = [createDatabase(this.#config), ...createTables(this.#config)];
    for (const [index, statement] of statements.entries()) {
      const answer = await this.#ask(statement, signal);
      if (isSuccess(answer)) continue;
      if (answer.type === "failed") return answer.reason;
      // Whoever may not make databases may be given one, and tables.
      if ((index === 0 || !isNew) && FORBIDDEN.has(errorCode(answer) ?? 0)) continue;
      return `the tables cannot be made: ${withHint(answer, errorCode(answer))}`;
    }
    if (isNew)
      this.#logger?.info("made the tables of spans", { exporter: this.#settings.name, table: this.#tableName() });
    return undefined;
  }

  /** A table that does not know inserts again has spans twice after a repetition: that is said, once. */
  async #tellHowOften(signal: AbortSignal): Promise<void> {
    if (this.#saidAtLeastOnce) return;
    const { database, table } = this.#config;
    const where = `database = '${database}' AND name = '${table}'`;
    const answer = await this.#ask(`SELECT engine, engine_full FROM system.tables WHERE ${where} FORMAT JSON`, signal);
    const [row] = isSuccess(answer) ? (rowsOf(answer) ?? []) : [];
    const { engine, engine_full: full } = (row ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof engine !== "string" || typeof full !== "string" || dropsRepetitions(engine, full) !== false) return;
    this.#saidAtLeastOnce = true;
    this.#logger?.warn("spans come at least once: the table does not drop an insert that it has already", {
      exporter: this.#settings.name,
      table: this.#tableName(),
      setting: `ALTER TABLE ${this.#tableName()} MODIFY SETTING non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}`,
    });
  }

  #ask(statement: string, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#post({ wait_end_of_query: "1" }, Buffer.from(statement), signal);
  }

  #post(settings: Settings, bytes: Uint8Array, signal: AbortSignal): Promise<HttpAnswer> {
    const urlOf = (endpoint: string) => {
      const url = new URL(endpoint);
      for (const [name, value] of Object.entries(settings)) url.searchParams.set(name, value);
      return url;
    };
    return this.#poster.post(urlOf, { bytes, contentType: "text/plain; charset=UTF-8" }, signal);
  }

  #tableName(): string {
    return `\`${this.#config.database}\`.\`${this.#config.table}\``;
  }
}

function rowsOf(answer: HttpAnswer & { readonly type: "answer" }): readonly unknown[] | undefined {
  try {
    const { data } = JSON.parse(wordsOf(answer)) as { readonly data?: unknown };
    return Array.isArray(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function isColumn(row: unknown): row is Column {
  const { name, type } = (row ?? {}) as Readonly<Record<string, unknown>>;
  return typeof name === "string" && typeof type === "string";
}

/** Rows of the Collector's `otel_traces` in ClickHouse. */
export const clickhouseExporter: ExporterFactory<ClickHouseConfig> = {
  type: "clickhouse",
  stability: "alpha",
  config: clickhouseConfig,
  exact: true,
  create: (settings, config) => new ClickHouseExporter(settings, config),
};
