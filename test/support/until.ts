import { eventually } from "./eventually.ts";

/** As `eventually`, for an answer that is undefined as long as it is not there. */
export function until<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs?: number): Promise<T> {
  return eventually<T | false>(what, async () => (await ask()) ?? false, timeoutMs) as Promise<T>;
}
