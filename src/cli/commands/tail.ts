import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { PermanentError } from "../../component/errors.ts";
import { BoundedMap } from "../../model/bounded-map.ts";
import type { UiSearchResponse } from "../../query/ui/api-types.ts";
import { ApiClient } from "../client/api-client.ts";
import { addConnectionFlags } from "../options/connection-flags.ts";
import { addConditions, searchQuery } from "../options/search-conditions.ts";
import { EXIT } from "../output/exit-codes.ts";
import { traceList } from "../output/trace-list.ts";
import { terminalWidth } from "../output/width.ts";
import type { SearchFlags } from "./search.ts";

const INTERVAL_MS = 1_000;
/** Most new traces shown an interval; the rest is counted. */
const PER_INTERVAL = 200;
/** A trace is shown once while it is among this many newest. */
const REMEMBERED = 10_000;

export function addTail(program: Command): void {
  addConditions(addConnectionFlags(program.command("tail").description("print traces as they arrive, until Ctrl-C")))
    .option("--json", "print one JSON object a trace", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom tail
  spanloom tail --service checkout --errors
  spanloom tail --json --min-duration 1s | jq .traceId`,
    )
    .action(run);
}

async function run(flags: SearchFlags): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const client = new ApiClient(flags);
  const seen = new BoundedMap<string, true>(REMEMBERED);
  // Traces that began before now are old news, unless --lookback asks for them.
  const since = BigInt(Date.now()) * 1000n;
  let headed = false;
  while (!stop.signal.aborted) {
    const query = searchQuery(flags);
    query.set("limit", String(PER_INTERVAL));
    if (flags.lookback === undefined) query.set("start", String(since));
    try {
      const { traces } = await client.json<UiSearchResponse>(`api/ui/search?${query}`, stop.signal);
      const fresh = traces.filter((trace) => !seen.has(trace.traceId)).reverse();
      for (const trace of fresh) {
        seen.set(trace.traceId, true);
      }
      if (flags.json) for (const trace of fresh) process.stdout.write(`${JSON.stringify(trace)}\n`);
      else if (fresh.length > 0) {
        const text = traceList(fresh, terminalWidth(process.stdout));
        process.stdout.write(headed ? text.slice(text.indexOf("\n") + 1) : text);
        headed = true;
      }
    } catch (error) {
      if (!(error instanceof PermanentError && error.code === "cancelled")) throw error;
    }
    await sleep(INTERVAL_MS, undefined, { signal: stop.signal }).catch(() => {});
  }
  process.exitCode = EXIT.interrupted;
}
