import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import { spanIdOf } from "./trace-model.ts";

/**
 * Rows whose service, operation or span id holds the text, whatever its case; ascending. Names are compared once each,
 * not once a row, so a hundred thousand spans cost a pass over two integer columns.
 */
export function findByName(columns: TraceColumns, text: string): Int32Array {
  const needle = text.trim().toLowerCase();
  if (needle === "") return new Int32Array(0);
  const services = columns.services.map((name) => name.toLowerCase().includes(needle));
  const names = columns.names.map((name) => name.toLowerCase().includes(needle));
  const mayBeId = /^[0-9a-f]{8,16}$/.test(needle);
  const rows: number[] = [];
  for (let row = 0; row < columns.count; row++) {
    if (
      services[columns.service[row]!] === true ||
      names[columns.name[row]!] === true ||
      (mayBeId && spanIdOf(columns, row).includes(needle))
    ) {
      rows.push(row);
    }
  }
  return Int32Array.from(rows);
}

/** Both ascending lists as one without repeats. */
export function mergeRows(a: Int32Array, b: Int32Array): Int32Array {
  const merged = new Int32Array(a.length + b.length);
  let n = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const left = i < a.length ? a[i]! : Number.POSITIVE_INFINITY;
    const right = j < b.length ? b[j]! : Number.POSITIVE_INFINITY;
    merged[n++] = Math.min(left, right);
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return merged.subarray(0, n);
}
