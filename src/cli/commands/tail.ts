import type { Command } from "commander";
import { terminalWidth } from "../../query/text/width.ts";
import type { UiSearchResponse, UiTraceSummary } from "../../query/ui/api-types.ts";
import { ApiClient } from "../client/api-client.ts";
import { followLog } from "../client/follow-log.ts";
import { GrowingTraces, type ShownTrace } from "../client/growing-traces.ts";
import { addConnectionFlags } from "../options/connection-flags.ts";
import { addConditions, searchQuery, withQuery } from "../options/search-conditions.ts";
import { EXIT } from "../output/exit-codes.ts";
import { traceList } from "../output/trace-list.ts";
import type { SearchFlags } from "./search.ts";

/** How often traces that have come to rest are looked for, ms. */
const LOOK_MS = 200;
/** Most traces of --lookback. */
const PAST_TRACES = 200;

export function addTail(program: Command): void {
  addConditions(
    addConnectionFlags(
      program
        .command("tail")
        .description("print traces as they arrive and grow, until Ctrl-C")
        .argument("[traceql]", "with which spans, as --query"),
    ),
  )
    .option("--json", "print one JSON object a trace", false)
    .addHelpText(
      "after",
      `
A trace is printed when it has been at rest for a moment, and again when more of it comes: "+2" before its root says that
two spans came late.

Examples:
  spanloom tail
  spanloom tail --service checkout --errors
  spanloom tail '{ status = error && duration > 1s }'
  spanloom tail --json --min-duration 1s | jq .traceId`,
    )
    .action(run);
}

async function run(traceql: string | undefined, conditions: SearchFlags): Promise<void> {
  const flags = withQuery(traceql, conditions);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const client = new ApiClient(flags);
  const printer = new Printer(flags.json);
  try {
    if (flags.lookback !== undefined) await printPast(client, flags, printer, stop.signal);
    await followAll(client, flags, printer, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  process.exitCode = EXIT.interrupted;
}

async function printPast(client: ApiClient, flags: SearchFlags, printer: Printer, signal: AbortSignal): Promise<void> {
  const query = searchQuery(flags);
  query.set("limit", String(PAST_TRACES));
  const { traces } = await client.json<UiSearchResponse>(`api/ui/search?${query}`, signal);
  printer.print(traces.toReversed().map((trace) => ({ trace, late: 0 })));
}

async function followAll(client: ApiClient, flags: SearchFlags, printer: Printer, signal: AbortSignal): Promise<void> {
  const { lookback: _, ...conditions } = flags;
  const growing = new GrowingTraces();
  const timer = setInterval(() => printer.print(growing.atRest(performance.now())), LOOK_MS);
  const onGone = () => printer.say("the collector is gone; looking for it");
  try {
    for await (const line of followLog(client, searchQuery(conditions), signal, onGone)) {
      if (line.type === "start") printer.say(`waiting for traces at ${client.base}; Ctrl-C ends`);
      if (line.type === "trace") growing.add(line.trace, line.newSpans, performance.now());
      if (line.type === "state") printer.skipped(line.skippedSpans);
    }
  } finally {
    clearInterval(timer);
    printer.print(growing.atRest(Number.POSITIVE_INFINITY));
  }
}

/** Traces go to stdout; what is said about them to stderr, each sentence once until another is said. */
class Printer {
  readonly #json: boolean;
  #head = true;
  #said = "";

  constructor(json: boolean) {
    this.#json = json;
  }

  print(traces: readonly ShownTrace[]): void {
    if (traces.length === 0) return;
    this.#said = "";
    if (this.#json) {
      for (const { trace, late } of traces) process.stdout.write(`${JSON.stringify({ ...trace, lateSpans: late })}\n`);
      return;
    }
    const shown = traces.map(({ trace, late }) => withLate(trace, late));
    const text = traceList(shown, terminalWidth(process.stdout));
    process.stdout.write(this.#head ? text : text.slice(text.indexOf("\n") + 1));
    this.#head = false;
  }

  skipped(spans: number): void {
    if (spans > 0) this.say(`${spans} spans were skipped: they came faster than they can be followed`);
  }

  say(text: string): void {
    if (text === this.#said) return;
    this.#said = text;
    process.stderr.write(`${text}\n`);
  }
}

function withLate(trace: UiTraceSummary, late: number): UiTraceSummary {
  return late === 0 ? trace : { ...trace, rootService: `+${late} ${trace.rootService}` };
}
