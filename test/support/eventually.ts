import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 20_000;
const PAUSE_MS = 10;

/**
 * Asks again until the answer is neither an error nor `false`, and gives it. After `timeoutMs` it fails with `what` was
 * waited for; the last error is the cause. For a value that is compared with a matcher, `expect.poll` says more.
 */
export function eventually<T>(ask: () => T | Promise<T>): Promise<Exclude<T, false>>;
export function eventually<T>(what: string, ask: () => T | Promise<T>, timeoutMs?: number): Promise<Exclude<T, false>>;
export async function eventually<T>(
  first: string | (() => T | Promise<T>),
  second?: () => T | Promise<T>,
  timeoutMs = PATIENCE_MS,
): Promise<Exclude<T, false>> {
  const ask = typeof first === "string" ? (second as () => T | Promise<T>) : first;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const answer = await ask();
      if (answer !== false) return answer as Exclude<T, false>;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${first}`, { cause: last });
    await sleep(PAUSE_MS);
  }
}
