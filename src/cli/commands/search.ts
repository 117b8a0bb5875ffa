import type { Command } from "commander";
import { PermanentError } from "../../component/errors.ts";
import { parseGoDuration } from "../../query/params.ts";
import type { UiSearchResponse, UiTraceSummary } from "../../query/ui/api-types.ts";
import { ApiClient, DEFAULT_URL } from "../client/api-client.ts";
import {
  checkDuration,
  checkLookback,
  checkName,
  checkUrl,
  collectTag,
  parsePositive,
  tagsJson,
} from "../options/option-values.ts";
import { formatDuration, formatTime, printable, styleFor, table } from "../output/format.ts";

export interface SearchFlags {
  readonly url: string;
  readonly service?: string;
  readonly operation?: string;
  readonly tag?: readonly string[];
  readonly minDuration?: string;
  readonly maxDuration?: string;
  readonly lookback?: string;
  readonly errors: boolean;
  readonly limit: number;
  readonly json: boolean;
}

export function addSearch(program: Command): void {
  searchOptions(program.command("search").description("find traces in a running collector, newest first"))
    .option("--limit <n>", "most traces to list", parsePositive, 20)
    .option("--json", "print the answer as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom search
  spanloom search --service checkout --errors --lookback 1h
  spanloom search --tag http.response.status_code=500 --min-duration 200ms
  spanloom search --json | jq -r '.traces[].traceId'`,
    )
    .action(run);
}

/** The conditions that `search` and `tail` share. */
export function searchOptions(command: Command): Command {
  return command
    .option("--url <url>", "web UI address of the collector", checkUrl, DEFAULT_URL)
    .option("-s, --service <name>", "a span of this service", checkName)
    .option("-o, --operation <name>", "a span of this name", checkName)
    .option("-t, --tag <key=value>", "a span with this attribute (repeatable)", collectTag)
    .option("--errors", "a span with an error", false)
    .option("--min-duration <duration>", "a span at least this long: 1.5s, 200ms, 50us", checkDuration)
    .option("--max-duration <duration>", "a span at most this long", checkDuration)
    .option("--lookback <duration>", "a span that began this recently: 15m, 2h, 3d", checkLookback);
}

/** The query string of the UI API for these flags. Throws PermanentError `bad_request` where they contradict. */
export function searchQuery(flags: Omit<SearchFlags, "limit" | "json" | "url">): URLSearchParams {
  const [least, most] = [flags.minDuration, flags.maxDuration].map((text) => parseGoDuration(text ?? ""));
  if (least !== undefined && most !== undefined && most < least) {
    throw new PermanentError(
      "bad_request",
      `--max-duration ${flags.maxDuration}: expected at least --min-duration, which is ${flags.minDuration}`,
    );
  }
  const query = new URLSearchParams();
  if (flags.service !== undefined) query.set("service", flags.service);
  if (flags.operation !== undefined) query.set("operation", flags.operation);
  if (flags.minDuration !== undefined) query.set("minDuration", flags.minDuration);
  if (flags.maxDuration !== undefined) query.set("maxDuration", flags.maxDuration);
  if (flags.lookback !== undefined) query.set("lookback", flags.lookback);
  const tags = [...(flags.tag ?? []), ...(flags.errors ? ["error=true"] : [])];
  if (tags.length > 0) query.set("tags", tagsJson(tags));
  return query;
}

/** One row a trace; the last cell is long, so nothing stands behind it. */
export function rowsOf(traces: readonly UiTraceSummary[]): string[][] {
  return traces.map((trace) => [
    formatTime(BigInt(trace.startTimeUnixNano)),
    formatDuration(Number(trace.durationNano)),
    String(trace.spanCount),
    trace.errorCount === 0 ? "" : String(trace.errorCount),
    printable(`${trace.rootService} ${trace.rootName}`),
    trace.traceId,
    errorCell(trace),
  ]);
}

/** `payments charge card: card declined`; the service is left out where it is the root's. */
function errorCell({ firstError, rootService }: UiTraceSummary): string {
  if (firstError === undefined) return "";
  const { service, name, text } = firstError;
  const where = service === rootService ? name : `${service} ${name}`;
  return printable(text === "" ? where : `${where}: ${text}`);
}

export const SEARCH_HEAD = ["started", "duration", "spans", "errors", "root", "trace", "first error"];
export const RIGHT_COLUMNS = [1, 2, 3];

async function run(flags: SearchFlags): Promise<void> {
  const query = searchQuery(flags);
  query.set("limit", String(flags.limit));
  const answer = await new ApiClient(flags.url).json<UiSearchResponse>(`api/ui/search?${query}`);
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  if (!answer.complete) process.stderr.write(`${partialNote(answer)}\n`);
  if (answer.traces.length === 0) {
    if (!answer.complete) return;
    process.stderr.write("no trace matches; --lookback widens the time, `spanloom send --demo` makes some traces\n");
    return;
  }
  const style = styleFor(process.stdout, process.env);
  const [head, ...rows] = table(SEARCH_HEAD, rowsOf(answer.traces), RIGHT_COLUMNS).split("\n");
  process.stdout.write(`${style.dim(head as string)}\n${rows.join("\n")}`);
  if (answer.complete && answer.next !== undefined) process.stderr.write("more traces match; --limit shows more\n");
}

/** What is known of a search that its time budget ended. */
function partialNote({ searchedBackToUnixNano }: UiSearchResponse): string {
  const back =
    searchedBackToUnixNano === undefined ? "" : `, searched back to ${formatTime(BigInt(searchedBackToUnixNano))}`;
  return `partial: the search ran out of time${back}; older traces may match too`;
}
