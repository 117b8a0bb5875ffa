/** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1));
    signal.addEventListener("abort", done, { once: true });
  });
}

/** `value` spread by up to ± `share` of it, so that many instances do not act in step. */
export function jittered(value: number, share: number, random: () => number): number {
  return value * (1 + share * (2 * random() - 1));
}

/** The text of whatever was thrown. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message || error.name : String(error);
}

/**
 * A signal that aborts with any of `signals`, to be released when it is no longer needed: signals that live as long as
 * the process must not collect what hangs on them (AbortSignal.any keeps it in Node 20).
 */
export function joinSignals(...signals: readonly AbortSignal[]): { readonly signal: AbortSignal; release(): void } {
  const joined = new AbortController();
  const abort = (): void => joined.abort();
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  }
  return {
    signal: joined.signal,
    release() {
      for (const signal of signals) signal.removeEventListener("abort", abort);
    },
  };
}
