import type { LogFragment } from "../../model/log.ts";
import { nameOf, serviceOf } from "../../model/span-columns.ts";
import { COLUMNS_MAGIC, COLUMNS_VERSION, columnOffsets, PARENT_MISSING } from "./columns-format.ts";
import { type RowFacts, readRows } from "./rows/row-facts.ts";
import type { TraceTree } from "./trace-tree.ts";

/** The message that columns-format.ts describes, for a trace of at least one span; `places` of services by name. */
export function encodeTraceColumns(
  traceId: Uint8Array,
  fragments: readonly LogFragment[],
  tree: TraceTree,
  places?: ReadonlyMap<string, number>,
): Uint8Array<ArrayBuffer> {
  const n = tree.count;
  let m = 0;
  for (let row = 0; row < n; row++) if (tree.parent[row] === PARENT_MISSING) m++;
  const services = new Map<string, number>();
  const names = new Map<string, number>();
  const serviceOfRow = new Uint32Array(n);
  const nameOfRow = new Uint32Array(n);
  // A batch has few strings for its many rows: each is looked up by its text once, then by its index. 0 is unknown.
  const known = fragments.map(({ block: { columns } }) => ({
    columns,
    services: new Uint32Array(columns.groups.length),
    names: new Uint32Array(columns.strings.length),
  }));
  for (let row = 0; row < n; row++) {
    const of = known[tree.fragment[row] as number] as (typeof known)[number];
    const source = tree.source[row] as number;
    const group = of.columns.groupIndex[source] as number;
    const name = of.columns.nameIndex[source] as number;
    if (of.services[group] === 0) of.services[group] = positionOf(services, serviceOf(of.columns, source)) + 1;
    if (of.names[name] === 0) of.names[name] = positionOf(names, nameOf(of.columns, source)) + 1;
    serviceOfRow[row] = (of.services[group] as number) - 1;
    nameOfRow[row] = (of.names[name] as number) - 1;
  }
  const facts = readRows(fragments, tree);
  const placed = places === undefined ? [] : [...services.keys()].map((name) => places.get(name) ?? -1);
  const texts = [...services.keys(), ...names.keys(), ...facts.labels, ...placed];
  const strings = new TextEncoder().encode(JSON.stringify(texts));

  const at = columnOffsets(n, m, facts.eventRow.length);
  const bytes = new Uint8Array(at.strings + strings.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, COLUMNS_MAGIC, true);
  view.setUint16(4, COLUMNS_VERSION, true);
  view.setUint32(8, n, true);
  view.setUint32(12, m, true);
  view.setBigUint64(16, tree.base, true);
  view.setFloat64(24, tree.total, true);
  bytes.set(traceId, 32);
  view.setUint32(48, strings.length, true);
  view.setUint32(52, services.size, true);
  view.setUint32(56, tree.collapsed, true);
  view.setUint32(60, placed.length, true);
  view.setUint32(64, facts.labels.length, true);
  view.setUint32(68, facts.eventRow.length, true);
  bytes.set(strings, at.strings);

  // Typed arrays write in the order of the machine; the format is little-endian, as every machine Node runs on is.
  const { buffer } = bytes;
  new Float64Array(buffer, at.start, n).set(tree.start);
  new Float64Array(buffer, at.duration, n).set(tree.duration);
  new Int32Array(buffer, at.parent, n).set(tree.parent);
  new Uint32Array(buffer, at.service, n).set(serviceOfRow);
  new Uint32Array(buffer, at.name, n).set(nameOfRow);
  bytes.set(tree.marks, at.marks);
  writeIds(bytes, at, fragments, tree, m);
  writeFacts(bytes, at, facts);
  return bytes;
}

function writeIds(
  bytes: Uint8Array<ArrayBuffer>,
  at: ReturnType<typeof columnOffsets>,
  fragments: readonly LogFragment[],
  tree: TraceTree,
  m: number,
): void {
  const missingRows = new Uint32Array(bytes.buffer, at.missingRows, m);
  let missing = 0;
  for (let row = 0; row < tree.count; row++) {
    const { columns } = (fragments[tree.fragment[row] as number] as LogFragment).block;
    const source = tree.source[row] as number;
    copyId(columns.spanIds, source, bytes, at.spanIds + row * 8);
    if (tree.parent[row] === PARENT_MISSING) {
      missingRows[missing] = row;
      copyId(columns.parentIds, source, bytes, at.missingParentIds + missing * 8);
      missing++;
    }
    bytes[at.kind + row] = columns.kind[source] as number;
    bytes[at.status + row] = columns.status[source] as number;
  }
}

function writeFacts(bytes: Uint8Array<ArrayBuffer>, at: ReturnType<typeof columnOffsets>, facts: RowFacts): void {
  const { buffer } = bytes;
  const n = facts.label.length;
  const e = facts.eventRow.length;
  new Uint32Array(buffer, at.label, n).set(facts.label);
  new Uint16Array(buffer, at.attributeCount, n).set(facts.attributeCount);
  new Uint16Array(buffer, at.eventCount, n).set(facts.eventCount);
  new Uint16Array(buffer, at.linkCount, n).set(facts.linkCount);
  new Float64Array(buffer, at.eventTime, e).set(facts.eventTime);
  new Uint32Array(buffer, at.eventRow, e).set(facts.eventRow);
  bytes.set(facts.eventIsException, at.eventIsException);
}

function copyId(from: Uint8Array, row: number, to: Uint8Array, at: number): void {
  for (let i = 0; i < 8; i++) to[at + i] = from[row * 8 + i] as number;
}

function positionOf(positions: Map<string, number>, text: string): number {
  const known = positions.get(text);
  if (known !== undefined) return known;
  positions.set(text, positions.size);
  return positions.size - 1;
}
