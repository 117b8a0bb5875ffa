import { hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { encodeTraceColumns } from "./columns.ts";
import { decodeTraceColumns, type TraceColumns } from "./columns-format.ts";
import { buildTraceTree, type TraceTree } from "./trace-tree.ts";

/** The columns of a trace, as bytes too, and the tree that they were made of. */
export function columnsOf(
  traceId: string,
  fragments: readonly LogFragment[],
  places?: ReadonlyMap<string, number>,
): { readonly tree: TraceTree; readonly bytes: Uint8Array<ArrayBuffer>; readonly columns: TraceColumns } {
  const tree = buildTraceTree(fragments);
  const bytes = encodeTraceColumns(hexToBytes(traceId) as Uint8Array, fragments, tree, places);
  return { tree, bytes, columns: decodeTraceColumns(bytes.buffer) };
}
