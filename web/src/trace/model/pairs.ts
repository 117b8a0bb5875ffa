import { SPAN_KIND } from "../../../../src/model/span.ts";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import type { TraceLayout } from "./layout.ts";

type PairColumns = Pick<TraceColumns, "count" | "kind">;

/** Row of the one server span below each client's, −1 for all other rows and for clients with none or several. */
export function serversOfClients({ count, kind }: PairColumns, { parent }: TraceLayout): Int32Array {
  const server = new Int32Array(count).fill(-1);
  const several = new Set<number>();
  for (let row = 0; row < count; row++) {
    const above = parent[row]!;
    if (above < 0 || kind[row] !== SPAN_KIND.server || kind[above] !== SPAN_KIND.client) continue;
    if (server[above]! >= 0) several.add(above);
    server[above] = row;
  }
  for (const row of several) server[row] = -1;
  return server;
}

/** Rows as they are shown where a server stands in the row of its client. */
export interface MergedPairs {
  /** 1 for a server's row, which its client's stands for. */
  readonly hidden: Uint8Array;
  /** Of every row, with the hidden ones above it left out. */
  readonly depth: Int32Array;
}

export function mergePairs(server: Int32Array, { parent, count }: TraceLayout): MergedPairs {
  const hidden = new Uint8Array(count);
  const depth = new Int32Array(count);
  for (const row of server) if (row >= 0) hidden[row] = 1;
  for (let row = 0; row < count; row++) {
    const above = parent[row]!;
    if (above >= 0) depth[row] = depth[above]! + (hidden[row] === 1 ? 0 : 1);
  }
  return { hidden, depth };
}
