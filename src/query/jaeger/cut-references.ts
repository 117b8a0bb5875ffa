import { decodeSpan } from "../../codec/otlp/message/decode.ts";
import { SpanIdTable } from "../../model/collections/span-id-table.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND } from "../../model/span.ts";
import { isRoot, type SpanColumns, startNano } from "../../model/span-columns.ts";
import { countRows } from "../fragments.ts";

const NONE = -1;

interface Place {
  readonly columns: SpanColumns;
  readonly row: number;
}

/**
 * The spans whose references would lead round in a circle, by their columns and rows. Readers of Jaeger's v1 form take
 * a span's first reference for its parent, be it a link, and show nothing of spans that hang on no root: so of each
 * circle one span has to stand without the references to its own trace. It is one that has no parent but a link where
 * there is one, else the earliest. `sharedIds`: a client and a server have one id, and what is below is the server's.
 * @throws DecodeError where a body is damaged
 */
export function spansToCut(
  fragments: readonly LogFragment[],
  traceId: string,
  sharedIds: boolean,
): ReadonlyMap<SpanColumns, ReadonlySet<number>> {
  const places: Place[] = [];
  const ids = new SpanIdTable(countRows(fragments));
  for (const { block, rows } of fragments) {
    for (const row of rows) {
      ids.add(block.columns.spanIds, row * 8, places.length);
      places.push({ columns: block.columns, row });
    }
  }
  const upper = new Int32Array(places.length);
  let entry = 0;
  for (const { block, rows } of fragments) {
    for (const row of rows) {
      const bytes = isRoot(block.columns, row) ? firstLink(block, row, traceId) : undefined;
      upper[entry] = upperOf(entry++, bytes);
    }
  }
  return circles(upper, places);

  function upperOf(of: number, link: Uint8Array | undefined): number {
    const { columns, row } = places[of] as Place;
    const isKind = (kind: number) => (other: number) => {
      const place = places[other] as Place;
      return place.columns.kind[place.row] === kind;
    };
    const own = ids.find(columns.spanIds, row * 8);
    if (sharedIds && columns.kind[row] === SPAN_KIND.server && ids.isShared(own)) {
      if (ids.inChain(own, isKind(SPAN_KIND.client)) !== NONE) return keeper(own);
    }
    if (isRoot(columns, row) && link === undefined) return NONE;
    const first = link === undefined ? ids.find(columns.parentIds, row * 8) : ids.find(link, 0);
    if (first === NONE || !sharedIds || !ids.isShared(first)) return first;
    if (ids.inChain(first, isKind(SPAN_KIND.client)) === NONE) return first;
    if (link !== undefined) return keeper(first);
    const server = ids.inChain(first, isKind(SPAN_KIND.server));
    return server === NONE ? first : server;

    /** The span that readers find under a shared id: the first stored of those whose id is not changed. */
    function keeper(chain: number): number {
      return ids.inChain(chain, (other) => !isKind(SPAN_KIND.server)(other));
    }
  }
}

/** What a span is told that stands without references. */
export function leftOutText(references: readonly string[]): string {
  return `references that lead round in a circle are left out: ${references.join(", ")}`;
}

/** Id of the span that a root's first link leads to, where it is of the same trace. */
function firstLink({ body, columns }: LogFragment["block"], row: number, traceId: string): Uint8Array | undefined {
  const [link] = decodeSpan(body, columns.spanStart[row] as number, columns.spanEnd[row] as number).links;
  return link?.traceId === traceId ? hexToBytes(link.spanId) : undefined;
}

/** Each entry has one above it at most, so that circles share no entry. */
function circles(upper: Int32Array, places: readonly Place[]): Map<SpanColumns, Set<number>> {
  const cut = new Map<SpanColumns, Set<number>>();
  /** The walk that came through first; 0 is none. */
  const walks = new Int32Array(upper.length);
  for (let start = 0; start < upper.length; start++) {
    const walk = start + 1;
    let at = start;
    while (at !== NONE && walks[at] === 0) {
      walks[at] = walk;
      at = upper[at] as number;
    }
    if (at === NONE || walks[at] !== walk) continue;
    let first = at;
    for (let next = upper[at] as number; next !== at; next = upper[next] as number) {
      if (goesBefore(places, next, first)) first = next;
    }
    const chosen = places[first] as Place;
    const rows = cut.get(chosen.columns);
    if (rows === undefined) cut.set(chosen.columns, new Set([chosen.row]));
    else rows.add(chosen.row);
  }
  return cut;
}

/** Spans of one id and start, as a shared pair has, go as they were stored. */
function goesBefore(places: readonly Place[], one: number, other: number): boolean {
  const [a, b] = [places[one] as Place, places[other] as Place];
  const roots = Number(isRoot(a.columns, a.row)) - Number(isRoot(b.columns, b.row));
  if (roots !== 0) return roots > 0;
  const [first, second] = [startNano(a.columns, a.row), startNano(b.columns, b.row)];
  if (first !== second) return first < second;
  const [id, otherId] = [idOf(a), idOf(b)];
  return id === otherId ? one < other : id < otherId;
}

function idOf({ columns, row }: Place): string {
  return Buffer.from(columns.spanIds.subarray(row * 8, row * 8 + 8)).toString("hex");
}
