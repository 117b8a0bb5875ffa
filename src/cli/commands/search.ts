import { type Command, Option } from "commander";
import { TRACE_ORDERS, type TraceOrder } from "../../model/trace-query.ts";
import { count, formatTime } from "../../query/text/readable.ts";
import { terminalWidth } from "../../query/text/width.ts";
import type { UiSearchResponse, UiServicesResponse } from "../../query/ui/api-types.ts";
import { ApiClient } from "../client/api-client.ts";
import { addConnectionFlags, type ConnectionFlags } from "../options/connection-flags.ts";
import { parsePositive } from "../options/option-values.ts";
import { addConditions, addTimes, type Conditions, searchQuery, withQuery } from "../options/search-conditions.ts";
import { emptySearch } from "../output/empty-search.ts";
import { styleFor } from "../output/format.ts";
import { traceList } from "../output/trace-list.ts";

export interface SearchFlags extends Conditions, ConnectionFlags {
  readonly limit: number;
  readonly sort: TraceOrder;
  readonly spans?: number;
  readonly json: boolean;
}

export function addSearch(program: Command): void {
  const command = program
    .command("search")
    .description("find traces in a running collector")
    .argument("[traceql]", "which traces, as --query");
  addTimes(addConditions(addConnectionFlags(command)))
    .option("--limit <n>", "most traces to list", parsePositive, 20)
    .addOption(
      new Option("--sort <order>", "which come first, of all that match").choices(TRACE_ORDERS).default("newest"),
    )
    .option("--spans <n>", "most spans of a set that select(…) shows, with --json (default: 3)", parsePositive)
    .option("--json", "print the answer as JSON, with what select(…) names", false)
    .addHelpText(
      "after",
      `
"trace duration" (durationNano with --json) is from the first start to the last end of a trace's spans. The root span may
take less, where others begin before it or go on after it: explain, compare and the trace's page give both.

Examples:
  spanloom search
  spanloom search '{ resource.service.name = "web" } >> { status = error }' --lookback 1h
  spanloom search --service checkout --errors --lookback 1h
  spanloom search --service checkout --sort longest --limit 5
  spanloom search --tag http.response.status_code=500 --min-duration 200ms
  spanloom search --start 2026-03-05T12:30 --end 2026-03-05T12:45
  SPANLOOM_URL=https://traces.example spanloom search --header 'authorization: Bearer abc'
  spanloom search --json | jq -r '.traces[].traceId'
  spanloom search '{ status = error } | select(span.user.id)' --json | jq '.traces[].spanSets'`,
    )
    .action(run);
}

async function run(traceql: string | undefined, flags: SearchFlags): Promise<void> {
  const query = searchQuery(withQuery(traceql, flags));
  query.set("limit", String(flags.limit));
  if (flags.spans !== undefined) query.set("spansPerSet", String(flags.spans));
  if (flags.sort !== "newest") {
    query.set("order", flags.sort);
    query.set("count", "true");
  }
  const client = new ApiClient(flags);
  const answer = await client.json<UiSearchResponse>(`api/ui/search?${query}`);
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  if (answer.searchedBackToUnixNano !== undefined) {
    const back = formatTime(BigInt(answer.searchedBackToUnixNano));
    const of = flags.sort === "newest" ? "" : `, ${count(answer.total?.traces ?? 0, "trace")}, and put in order`;
    process.stderr.write(`everything since ${back} was looked at${of}; older traces may match too\n`);
  }
  const outside = outsideNote(answer.outside);
  if (outside !== undefined) process.stderr.write(`${outside}\n`);
  if (answer.traces.length === 0) {
    if (!answer.complete || outside !== undefined) return;
    const { services, reason } = await client.json<UiServicesResponse>("api/ui/services");
    // A list that may lack names says of none that it is not there.
    process.stderr.write(`${reason === undefined ? emptySearch(flags, services) : "no trace matches"}\n`);
    return;
  }
  const style = styleFor(process.stdout, process.env);
  const [head, ...rows] = traceList(answer.traces, terminalWidth(process.stdout)).split("\n");
  process.stdout.write(`${style.dim(head as string)}\n${rows.join("\n")}`);
  if (answer.complete && answer.next !== undefined) process.stderr.write("more traces match; --limit shows more\n");
}

/** What is said of matches whose own times lie outside of the time range that they were received in. */
export function outsideNote(outside: UiSearchResponse["outside"]): string | undefined {
  if (outside === undefined || outside.before + outside.after === 0) return undefined;
  const { before, after, exact } = outside;
  const parts = [...(before > 0 ? [`${before} before it`] : []), ...(after > 0 ? [`${after} after it`] : [])].join(
    ", ",
  );
  const spans = count(before + after, "span");
  return `${exact ? "" : "at least "}${spans} came in this time range and began outside of it (${parts}): a clock is wrong, or old spans were sent; without a time range they are found`;
}
