import { setTimeout as sleep } from "node:timers/promises";

/** Asks until the answer is what is wanted; the last error or answer is in the failure. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await ask();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await sleep(25);
  }
  throw new Error(`${what} did not happen within ${timeoutMs} ms`, { cause: last });
}
