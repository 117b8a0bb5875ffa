import { setTimeout as sleep } from "node:timers/promises";
import { PermanentError } from "../../component/errors.ts";
import type { UiLiveLine } from "../../query/ui/api-types.ts";
import type { ApiClient } from "./api-client.ts";

/** A collector that is gone is looked for this often, ms. */
const RECONNECT_MS = 1_000;

/**
 * What arrives at a collector, until the signal aborts. Where the connection ends it goes on at its cursor: only the
 * first one has to succeed. What an answer may lack is told to the client.
 * @param onGone told each time that the collector is looked for
 * @throws PermanentError as ApiClient does, at the first connection and for what no waiting mends
 */
export async function* followLog(
  client: ApiClient,
  conditions: URLSearchParams,
  signal: AbortSignal,
  onGone: () => void,
): AsyncGenerator<UiLiveLine, void> {
  const query = new URLSearchParams(conditions);
  let cursor: string | undefined;
  while (!signal.aborted) {
    if (cursor !== undefined) query.set("after", cursor);
    try {
      for await (const text of client.lines(`api/live?${query}`, signal)) {
        const line = JSON.parse(text) as UiLiveLine;
        // A start after a break is no news.
        if (line.type !== "start" || cursor === undefined) yield line;
        if (line.type !== "trace") cursor = line.cursor;
        // Once, also where a search has said it.
        if (line.type === "state" && line.reason !== undefined) client.tellIncomplete(line.reason);
      }
    } catch (error) {
      if (signal.aborted) return;
      const isOver = error instanceof PermanentError && error.code !== "unreachable" && error.code !== "internal";
      if (cursor === undefined || isOver) throw error;
    }
    if (signal.aborted) return;
    onGone();
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => {});
  }
}
