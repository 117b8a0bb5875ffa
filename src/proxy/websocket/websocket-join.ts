import type { Duplex } from "node:stream";

export interface JoinedEnds {
  readonly caller: Duplex;
  /** What the caller sent after its handshake. */
  readonly callerHead: Buffer;
  readonly upstream: Duplex;
  readonly upstreamHead: Buffer;
  /** Silence in both directions that ends the connection, ms. */
  readonly idleMs: number;
}

/** How a connection of two sockets ended. */
export interface JoinResult {
  /** Bytes that went through. */
  readonly fromCaller: number;
  readonly fromUpstream: number;
  /** What ended it. Undefined for an orderly close. */
  readonly error: { readonly type: string; readonly message: string } | undefined;
}

/**
 * Passes bytes in both directions until either end closes. Each end is slowed down to the reader of the other. `closed`
 * is called once.
 */
export function joinSockets(ends: JoinedEnds, closed: (result: JoinResult) => void): void {
  const { caller, callerHead, upstream, upstreamHead, idleMs } = ends;
  let fromCaller = callerHead.length;
  let fromUpstream = upstreamHead.length;
  let open = true;
  const close = (error: JoinResult["error"]): void => {
    if (!open) return;
    open = false;
    clearTimeout(idle);
    caller.destroy();
    upstream.destroy();
    closed({ fromCaller, fromUpstream, error });
  };
  const idle = setTimeout(() => close({ type: "timeout", message: `nothing was said within ${idleMs} ms` }), idleMs);
  idle.unref();
  if (upstreamHead.length > 0) caller.write(upstreamHead);
  if (callerHead.length > 0) upstream.write(callerHead);
  const pass = (from: Duplex, to: Duplex, whose: string, count: (bytes: number) => void): void => {
    (from as { setTimeout?: (ms: number) => void }).setTimeout?.(0);
    from.on("data", (chunk: Buffer) => {
      count(chunk.length);
      idle.refresh();
    });
    from.on("error", (error: Error & { code?: string }) => {
      close({ type: error.code ?? error.name, message: `the ${whose}'s connection broke: ${error.message}` });
    });
    from.once("close", () => close(undefined));
    // The other end is told that no more comes. It may still finish what it says.
    from.pipe(to);
  };
  pass(caller, upstream, "caller", (bytes) => {
    fromCaller += bytes;
  });
  pass(upstream, caller, "upstream", (bytes) => {
    fromUpstream += bytes;
  });
}
