/**
 * Calls `run` when the signal aborts, in a microtask where it already has; never after the release. Whoever listens on
 * a signal that outlives the work releases, or the signal collects what was done with it.
 */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal === undefined) return () => {};
  let released = false;
  const listener = (): void => {
    if (!released) run();
  };
  if (signal.aborted) queueMicrotask(listener);
  else signal.addEventListener("abort", listener, { once: true });
  return () => {
    released = true;
    signal.removeEventListener("abort", listener);
  };
}

/**
 * A signal that aborts, for the same reason, with any of `signals`, to be released when it is no longer needed.
 * AbortSignal.any needs no release, and keeps something of each of its signals on one that lives as long as the
 * process: 250 to 1,200 bytes in Node 24, at five times the cost.
 */
export function joinSignals(...signals: readonly AbortSignal[]): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const joined = new AbortController();
  const releases = signals.map((signal) => onAbort(signal, () => joined.abort(signal.reason)));
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted !== undefined) joined.abort(aborted.reason);
  return {
    signal: joined.signal,
    release: () => {
      for (const release of releases) release();
    },
  };
}
