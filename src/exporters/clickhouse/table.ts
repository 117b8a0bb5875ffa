import { OTLP_COLUMN, TRACES_COLUMNS } from "../../codec/clickhouse/traces-row.ts";
import { RESIDUE_KEY } from "../../codec/mapping/span-residue.ts";
import { isReplicated } from "./ddl.ts";

/** A column as `DESCRIBE TABLE` tells it. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** Where rows go, as it was found. */
export interface SpansTable {
  /** Columns of an insert, in order. */
  readonly columns: readonly string[];
  /** Where TracesRow.otlp goes (rowJson). */
  readonly otlp: { readonly column: string } | { readonly attribute: string };
}

const TEXT_MAP = /^Map\((?:LowCardinality\()?String\)?, ?String\)$/;
const TEXT_MAPS = /^Array\(Map\((?:LowCardinality\()?String\)?, ?String\)\)$/;

/** Columns that text does not go into. */
const TYPES: Readonly<Record<string, readonly [type: RegExp, expected: string]>> = {
  Timestamp: [/^DateTime64\(9/, "DateTime64(9)"],
  Duration: [/^U?Int64$/, "UInt64"],
  ResourceAttributes: [TEXT_MAP, "Map(LowCardinality(String), String)"],
  SpanAttributes: [TEXT_MAP, "Map(LowCardinality(String), String)"],
  "Events.Timestamp": [/^Array\(DateTime64\(9/, "Array(DateTime64(9))"],
  "Events.Attributes": [TEXT_MAPS, "Array(Map(LowCardinality(String), String))"],
  "Links.Attributes": [TEXT_MAPS, "Array(Map(LowCardinality(String), String))"],
};

/** What is wrong with a table; undefined where spans can be written to it. */
export function tableProblem(columns: readonly Column[]): string | undefined {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const missing = TRACES_COLUMNS.filter((name) => !types.has(name));
  if (missing.length > 0) return `it has no ${missing.length === 1 ? "column" : "columns"} ${missing.join(", ")}`;
  for (const [name, [type, expected]] of Object.entries(TYPES)) {
    const found = types.get(name) as string;
    if (!type.test(found)) return `its column ${name} is ${found}; expected ${expected}`;
  }
  return undefined;
}

export function spansTable(columns: readonly Column[]): SpansTable {
  return isOurs(columns)
    ? { columns: [...TRACES_COLUMNS, OTLP_COLUMN], otlp: { column: OTLP_COLUMN } }
    : { columns: TRACES_COLUMNS, otlp: { attribute: RESIDUE_KEY } };
}

/** Whether a table was made here, and not by a Collector. */
export function isOurs(columns: readonly Column[]): boolean {
  return columns.some(({ name }) => name === OTLP_COLUMN);
}

/** Whether the repetition of an insert is dropped, by `engine_full` of system.tables; undefined: it cannot be told. */
export function dropsRepetitions(engine: string, engineFull: string): boolean | undefined {
  if (isReplicated(engine)) return !/replicated_deduplication_window = 0\b/.test(engineFull);
  if (!engine.endsWith("MergeTree")) return undefined;
  const window = /non_replicated_deduplication_window = (\d+)/.exec(engineFull);
  return window !== null && Number(window[1]) > 0;
}
