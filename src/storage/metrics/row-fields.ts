import { durationNano, hasDuration, type SpanColumns } from "../../model/span-columns.ts";
import type { MetricsStage, TraceqlField } from "../../model/traceql.ts";
import { type FieldSource, fieldReader, isOfGroup } from "../spans/span-field.ts";
import { isNumber } from "../spans/span-value.ts";
import type { MetricGroups, ValueCodes } from "./metric-groups.ts";

const NANOS = 1e9;

type SmallNumbers = Uint8Array | Uint16Array | Uint32Array;

/** The series of a row; -1 where it is beyond the bound. May throw BlockGone. */
export type SeriesOfRow = (row: number) => number;
/** The number of a row that a function is about; NaN where there is none. May throw BlockGone. */
export type NumberOfRow = (row: number) => number;

/** Which series spans belong to; `columns` are those of all spans of the source where they lie in one block. */
export function seriesOfRows(
  by: readonly TraceqlField[],
  groups: MetricGroups,
  source: FieldSource,
  columns?: SpanColumns,
): SeriesOfRow {
  const readers = by.map((field, i) => codeReader(field, groups.codes[i] as ValueCodes, source, columns));
  // The series of one field are its codes.
  if (readers.length <= 1) return readers[0] ?? (() => 0);
  const codes = readers.map(() => 0);
  return (row) => {
    for (let i = 0; i < readers.length; i++) codes[i] = (readers[i] as SeriesOfRow)(row);
    return groups.seriesOf(codes);
  };
}

function codeReader(
  field: TraceqlField,
  codes: ValueCodes,
  source: FieldSource,
  columns: SpanColumns | undefined,
): SeriesOfRow {
  const reader = fieldReader(field);
  const read = (row: number) => codes.codeOf(reader.value(source, row));
  if (columns === undefined) return read;
  const index = indexOf(field, columns);
  return index === undefined ? read : byIndex(index, read);
}

/** The column of small numbers that decides a field within one block, where there is one. */
function indexOf(field: TraceqlField, columns: SpanColumns): SmallNumbers | undefined {
  if (isOfGroup(field)) return columns.groupIndex;
  if (field.parent === true || !("intrinsic" in field)) return undefined;
  switch (field.intrinsic) {
    case "span:name":
      return columns.nameIndex;
    case "span:kind":
      return columns.kind;
    case "span:status":
      return columns.status;
    default:
      return undefined;
  }
}

/** Reads what a column decides once for each of its numbers. */
function byIndex(index: SmallNumbers, read: SeriesOfRow): SeriesOfRow {
  const codes: number[] = [];
  return (row) => {
    const at = index[row] as number;
    const known = codes[at];
    if (known !== undefined) return known;
    const code = read(row);
    codes[at] = code;
    return code;
  };
}

/** Undefined where the function is about no field. Durations are in seconds. */
export function numberOfRows({ function: fn }: MetricsStage, source: FieldSource): NumberOfRow | undefined {
  if (!("field" in fn)) return undefined;
  const { field } = fn;
  if ("intrinsic" in field && field.parent === undefined && field.intrinsic === "span:duration") {
    return (row) => {
      const [columns, at] = [source.columns(row), source.row(row)];
      return hasDuration(columns, at) ? durationNano(columns, at) / NANOS : Number.NaN;
    };
  }
  const isDuration =
    "intrinsic" in field && /^(?:span:duration|trace:duration|event:timeSinceStart)$/.test(field.intrinsic);
  const reader = fieldReader(field);
  return (row) => {
    const value = reader.value(source, row);
    if (!isNumber(value)) return Number.NaN;
    return isDuration ? Number(value) / NANOS : Number(value);
  };
}
