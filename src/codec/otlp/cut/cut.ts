import type { SpanColumns, SpanGroup } from "../../../model/span-columns.ts";
import { ByteReader } from "../wire/wire.ts";
import { varintSize, writeVarint } from "../wire/wire-writer.ts";
import { cutColumns } from "./cut-columns.ts";

const SPANS_TAG = 0x12;
const SCOPE_SPANS_TAG = 0x12;
const RESOURCE_SPANS_TAG = 0x0a;

/** A body of fewer spans, with the columns that belong to it. Both are new and owned by the caller. */
export interface CutBody {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly columns: SpanColumns;
}

/**
 * A TracesData body that holds only `rows` (ascending) of `body`, and its columns. Spans, resources, scopes, schema
 * URLs and unknown fields are copied byte for byte; enclosing lengths are written anew; groups without a span are left
 * out. Throws DecodeError where `columns` do not belong to `body`.
 */
export function cutBody(body: Uint8Array, columns: SpanColumns, rows: ArrayLike<number>): CutBody {
  const spanStart = new Uint32Array(rows.length);
  const spanEnd = new Uint32Array(rows.length);
  const groups: SpanGroup[] = [];
  const cut = writeCut(
    body,
    columns,
    rows,
    undefined,
    (row, start, end) => {
      spanStart[row] = start;
      spanEnd[row] = end;
    },
    (group) => groups.push(group),
  );
  return { body: cut, columns: cutColumns(columns, rows, spanStart, spanEnd, groups) };
}

/**
 * The bytes of `cutBody` with some spans replaced: `replace` gives the new Span message of a row, or undefined to keep
 * the row as it is.
 */
export function rewriteBody(
  body: Uint8Array,
  columns: SpanColumns,
  rows: ArrayLike<number>,
  replace: (row: number) => Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  return writeCut(body, columns, rows, replace, ignore, ignore);
}

function ignore(): void {}

/** Pieces of one message: byte ranges of the body, and whole messages put in their place. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

interface ScopePlan {
  readonly group: number;
  /** Positions in `rows`, from inclusive to exclusive. */
  readonly from: number;
  readonly to: number;
  readonly pieces: readonly Piece[];
  readonly size: number;
}

interface ResourcePlan {
  /** Fields around and ScopeSpans between, in body order. */
  readonly parts: readonly (Piece | ScopePlan)[];
  readonly size: number;
}

type SpanPlaced = (position: number, start: number, end: number) => void;

function writeCut(
  body: Uint8Array,
  columns: SpanColumns,
  rows: ArrayLike<number>,
  replace: ((row: number) => Uint8Array | undefined) | undefined,
  placed: SpanPlaced,
  grouped: (group: SpanGroup) => void,
): Uint8Array<ArrayBuffer> {
  const plans: ResourcePlan[] = [];
  let total = 0;
  for (let from = 0; from < rows.length; ) {
    const scopes: ScopePlan[] = [];
    const resource = groupOf(columns, rows[from] as number).resourceSpansStart;
    while (from < rows.length && groupOf(columns, rows[from] as number).resourceSpansStart === resource) {
      const plan = planScope(body, columns, rows, from, replace);
      scopes.push(plan);
      from = plan.to;
    }
    const plan = planResource(body, columns, scopes);
    plans.push(plan);
    total += framed(plan.size);
  }
  const out = new Uint8Array(total);
  let at = 0;
  for (const plan of plans) at = writeResource(out, at, plan, columns, rows, placed, grouped);
  return out;
}

function groupOf(columns: SpanColumns, row: number): SpanGroup {
  return columns.groups[columns.groupIndex[row] as number] as SpanGroup;
}

/** Size of a length-delimited field with a one-byte tag. */
function framed(size: number): number {
  return 1 + varintSize(size) + size;
}

function planScope(
  body: Uint8Array,
  columns: SpanColumns,
  rows: ArrayLike<number>,
  from: number,
  replace: ((row: number) => Uint8Array | undefined) | undefined,
): ScopePlan {
  const index = columns.groupIndex[rows[from] as number] as number;
  const group = columns.groups[index] as SpanGroup;
  const reader = new ByteReader(body, group.scopeSpansStart, group.scopeSpansEnd);
  const pieces: Piece[] = [];
  let size = 0;
  let to = from;
  let open = reader.at;
  const keep = (end: number): void => {
    if (end === open) return;
    pieces.push({ bytes: body, start: open, end });
    size += end - open;
  };
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.tag();
    reader.skip(tag, 0);
    if (tag !== SPANS_TAG) continue;
    const row = rows[to];
    const wanted = row !== undefined && columns.groupIndex[row] === index && columns.spanEnd[row] === reader.at;
    const other = wanted ? replace?.(row) : undefined;
    if (wanted) to++;
    if (wanted && other === undefined) continue;
    keep(start);
    if (other !== undefined) {
      const message = spanField(other);
      pieces.push({ bytes: message, start: 0, end: message.length });
      size += message.length;
    }
    open = reader.at;
  }
  keep(reader.end);
  if (to === from) throw new RangeError(`row ${rows[from]} is not in the scope that its columns name`);
  return { group: index, from, to, pieces, size };
}

function spanField(message: Uint8Array): Uint8Array {
  const field = new Uint8Array(framed(message.length));
  field[0] = SPANS_TAG;
  field.set(message, writeVarint(field, 1, message.length));
  return field;
}

function planResource(body: Uint8Array, columns: SpanColumns, scopes: readonly ScopePlan[]): ResourcePlan {
  const group = columns.groups[(scopes[0] as ScopePlan).group] as SpanGroup;
  const reader = new ByteReader(body, group.resourceSpansStart, group.resourceSpansEnd);
  const parts: (Piece | ScopePlan)[] = [];
  let size = 0;
  let next = 0;
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.tag();
    reader.skip(tag, 0);
    if (tag !== SCOPE_SPANS_TAG) {
      parts.push({ bytes: body, start, end: reader.at });
      size += reader.at - start;
      continue;
    }
    const plan = scopes[next];
    if (plan === undefined || (columns.groups[plan.group] as SpanGroup).scopeSpansEnd !== reader.at) continue;
    next++;
    parts.push(plan);
    size += framed(plan.size);
  }
  if (next < scopes.length) throw new RangeError("a scope is not in the resource that its columns name");
  return { parts, size };
}

function writeResource(
  out: Uint8Array,
  from: number,
  plan: ResourcePlan,
  columns: SpanColumns,
  rows: ArrayLike<number>,
  placed: SpanPlaced,
  grouped: (group: SpanGroup) => void,
): number {
  out[from] = RESOURCE_SPANS_TAG;
  const start = writeVarint(out, from + 1, plan.size);
  let at = start;
  for (const part of plan.parts) {
    if (!("pieces" in part)) {
      at = copy(out, at, part);
      continue;
    }
    out[at] = SCOPE_SPANS_TAG;
    const scopeStart = writeVarint(out, at + 1, part.size);
    at = scopeStart;
    let position = part.from;
    for (const piece of part.pieces) {
      const shift = at - piece.start;
      for (; position < part.to; position++) {
        const row = rows[position] as number;
        if ((columns.spanEnd[row] as number) > piece.end) break;
        placed(position, (columns.spanStart[row] as number) + shift, (columns.spanEnd[row] as number) + shift);
      }
      at = copy(out, at, piece);
    }
    grouped({
      service: (columns.groups[part.group] as SpanGroup).service,
      resourceSpansStart: start,
      resourceSpansEnd: start + plan.size,
      scopeSpansStart: scopeStart,
      scopeSpansEnd: at,
    });
  }
  return at;
}

function copy(out: Uint8Array, at: number, piece: Piece): number {
  out.set(piece.bytes.subarray(piece.start, piece.end), at);
  return at + piece.end - piece.start;
}
