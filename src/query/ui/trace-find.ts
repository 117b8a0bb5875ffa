import { bytesToHex } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { nameOf, serviceOf } from "../../model/span-columns.ts";
import { throwIfAborted } from "../fragments.ts";
import { spanHoldsText, TEXT_IN } from "./span-texts.ts";
import type { TraceTree } from "./trace-tree.ts";

/**
 * The rows, ascending, whose service, name, status message, or any key or value of an attribute or event contains the
 * text, whatever its case. A text of 16 or more hex digits is also looked for in span ids and ids of links.
 */
export function findInTrace(
  fragments: readonly LogFragment[],
  tree: TraceTree,
  text: string,
  signal: AbortSignal,
): number[] {
  const wanted = text.toLowerCase();
  const isId = /^[0-9a-f]{16,32}$/.test(wanted);
  const nonStrings = nonStringsThatCouldShow(wanted) | (isId ? TEXT_IN.ids : 0);
  // The bytes of a string, read as Latin-1 in lower case, hold what the string holds only where that is ASCII.
  const isAscii = !/[^\x20-\x7e]/.test(wanted);
  const rows: number[] = [];
  for (let row = 0; row < tree.count; row++) {
    if (row % 1024 === 0) throwIfAborted(signal);
    const { body, columns } = (fragments[tree.fragment[row] as number] as LogFragment).batch;
    const source = tree.source[row] as number;
    if (holds(nameOf(columns, source), wanted) || holds(serviceOf(columns, source), wanted)) {
      rows.push(row);
      continue;
    }
    const start = columns.spanStart[source] as number;
    const end = columns.spanEnd[source] as number;
    const strings = !isAscii || latin1Holds(body, start, end, wanted) ? TEXT_IN.strings : 0;
    if (
      spanHoldsText(body, start, end, wanted, nonStrings | strings) ||
      (isId && bytesToHex(columns.spanIds, source * 8, 8) === wanted)
    ) {
      rows.push(row);
    }
  }
  return rows;
}

function nonStringsThatCouldShow(wanted: string): number {
  let where: number = TEXT_IN.other;
  if ("true".includes(wanted) || "false".includes(wanted)) where |= TEXT_IN.bools;
  if (/^[-\d]+$/.test(wanted)) where |= TEXT_IN.ints;
  if (/^[-+.\de]+$/.test(wanted) || "-infinity".includes(wanted) || "nan".includes(wanted)) where |= TEXT_IN.doubles;
  return where;
}

function latin1Holds(body: Uint8Array, start: number, end: number, wanted: string): boolean {
  return Buffer.from(body.buffer, body.byteOffset + start, end - start)
    .toString("latin1")
    .toLowerCase()
    .includes(wanted);
}

function holds(text: string, wanted: string): boolean {
  return text.toLowerCase().includes(wanted);
}
