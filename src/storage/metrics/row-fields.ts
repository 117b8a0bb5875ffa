import { durationNano, type SpanColumns } from "../../model/span-columns.ts";
import type { MetricsStage, TraceqlField } from "../../model/traceql.ts";
import type { BlockView } from "../search/block-view.ts";
import { type FieldSource, fieldReader, isOfGroup } from "../search/span-field.ts";
import { isNumber } from "../search/span-value.ts";
import type { MetricGroups, ValueCodes } from "./metric-groups.ts";

const NANOS = 1e9;
const UNKNOWN = -2;

/** The series of a row; -1 where it is beyond the bound. May throw BlockGone. */
export type SeriesOfRow = (row: number) => number;
/** The number of a row that a function is about; NaN where there is none. May throw BlockGone. */
export type NumberOfRow = (row: number) => number;

/** The rows of one block as what fields are read of. `needsTrace` fields must not be. */
export function blockSpans(view: BlockView): FieldSource {
  const notHere = (): never => {
    throw new Error("a field of a trace was asked of a block");
  };
  return {
    columns: () => view.columns,
    row: (row) => row,
    view: () => view,
    get traceId() {
      return notHere();
    },
    get tree() {
      return notHere();
    },
    get times() {
      return notHere();
    },
    get root() {
      return notHere();
    },
  };
}

/** Which series rows belong to: `source` is of one block, or of one trace. */
export function seriesOfRows(by: readonly TraceqlField[], table: MetricGroups, source: FieldSource): SeriesOfRow {
  const readers = by.map((field, i) => codeReader(field, table.codes[i] as ValueCodes, source));
  const [first, second] = readers;
  if (first === undefined) return () => 0;
  const codes = readers.map(() => 0);
  if (second === undefined) {
    // Mostly one field, whose few codes are those of the block's dictionary.
    const known = new Map<number, number>();
    return (row) => {
      const code = first(row);
      const series = known.get(code);
      if (series !== undefined && series >= 0) return series;
      codes[0] = code;
      const found = table.seriesOf(codes);
      known.set(code, found);
      return found;
    };
  }
  return (row) => {
    for (let i = 0; i < readers.length; i++) codes[i] = (readers[i] as SeriesOfRow)(row);
    return table.seriesOf(codes);
  };
}

function codeReader(field: TraceqlField, codes: ValueCodes, source: FieldSource): SeriesOfRow {
  const reader = fieldReader(field);
  const read = (row: number) => codes.codeOf(reader.value(source, row));
  if (isOfGroup(field))
    return byIndex(
      source,
      ({ groupIndex }) => groupIndex,
      ({ groups }) => groups.length,
      read,
    );
  if (field.parent === true || !("intrinsic" in field)) return read;
  switch (field.intrinsic) {
    case "span:name":
      return byIndex(
        source,
        ({ nameIndex }) => nameIndex,
        ({ strings }) => strings.length,
        read,
      );
    case "span:kind":
      return byIndex(
        source,
        ({ kind }) => kind,
        () => 256,
        read,
      );
    case "span:status":
      return byIndex(
        source,
        ({ status }) => status,
        () => 256,
        read,
      );
    default:
      return read;
  }
}

/** Reads what a column of small numbers decides once for each of them, as long as rows come from one block. */
function byIndex(
  source: FieldSource,
  indexOf: (columns: SpanColumns) => ArrayLike<number>,
  sizeOf: (columns: SpanColumns) => number,
  read: SeriesOfRow,
): SeriesOfRow {
  let columns: SpanColumns | undefined;
  let index: ArrayLike<number> = [];
  let codes = new Int32Array(0);
  return (row) => {
    const now = source.columns(row);
    if (now !== columns) {
      columns = now;
      index = indexOf(now);
      codes = new Int32Array(sizeOf(now)).fill(UNKNOWN);
    }
    const at = index[source.row(row)] as number;
    const known = codes[at] as number;
    if (known !== UNKNOWN) return known;
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
    return (row) => durationNano(source.columns(row), source.row(row)) / NANOS;
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
