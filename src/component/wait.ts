import { onAbort } from "./signals.ts";

/** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      release();
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1));
    const release = onAbort(signal, done);
  });
}

/** `value` spread by up to ± `share` of it, so that many instances do not act in step. */
export function jittered(value: number, share: number, random: () => number): number {
  return value * (1 + share * (2 * random() - 1));
}
