import { bytesToHex } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND } from "../../model/span.ts";

/**
 * Zipkin's client and server may share a span id; Jaeger's readers expect ids to be unique. So, as Jaeger does, such a
 * server span gets an id of its own and becomes the child of the client span, and what was below the shared id moves
 * below the server span. Shared id → the server's own, both 16 hex digits.
 */
export function serversOwnIds(fragments: readonly LogFragment[]): ReadonlyMap<string, string> {
  const clients = new Set<string>();
  const servers = new Set<string>();
  const used = new Set<string>();
  for (const { block, rows } of fragments) {
    const { kind, spanIds, parentIds } = block.columns;
    for (const row of rows) {
      const id = bytesToHex(spanIds, row * 8, 8);
      used.add(id);
      // A parent that has not arrived would be taken for the server.
      used.add(bytesToHex(parentIds, row * 8, 8));
      if (kind[row] === SPAN_KIND.client) clients.add(id);
      else if (kind[row] === SPAN_KIND.server) servers.add(id);
    }
  }
  const own = new Map<string, string>();
  for (const id of servers) if (clients.has(id)) own.set(id, unusedId(id, used));
  return own;
}

/** The next id after the given one that no span has or names; the same for the same trace. */
function unusedId(spanId: string, used: Set<string>): string {
  let id = BigInt(`0x${spanId}`);
  for (;;) {
    id = BigInt.asUintN(64, id + 1n);
    const text = id.toString(16).padStart(16, "0");
    if (id !== 0n && !used.has(text)) {
      used.add(text);
      return text;
    }
  }
}
