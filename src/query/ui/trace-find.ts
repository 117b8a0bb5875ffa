import { throwIfAborted } from "../../component/errors.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { nameOf, serviceOf } from "../../model/span-columns.ts";
import { spanHoldsText, TEXT_IN, WantedText } from "./span-texts.ts";
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
  const wanted = new WantedText(text);
  const isId = /^[0-9a-f]{16,32}$/.test(wanted.text);
  const nonStrings = nonStringsThatCouldShow(wanted.text) | (isId ? TEXT_IN.ids : 0);
  const rows: number[] = [];
  for (let row = 0; row < tree.count; row++) {
    if (row % 1024 === 0) throwIfAborted(signal);
    const { body, columns } = (fragments[tree.fragment[row] as number] as LogFragment).block;
    const source = tree.source[row] as number;
    if (holds(nameOf(columns, source), wanted.text) || holds(serviceOf(columns, source), wanted.text)) {
      rows.push(row);
      continue;
    }
    const start = columns.spanStart[source] as number;
    const end = columns.spanEnd[source] as number;
    wanted.where = nonStrings | (wanted.enterSpan(body, start, end) ? TEXT_IN.strings : 0);
    if (
      spanHoldsText(body, start, end, wanted) ||
      (isId && bytesToHex(columns.spanIds, source * 8, 8) === wanted.text)
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

function holds(text: string, wanted: string): boolean {
  return text.toLowerCase().includes(wanted);
}
