import { type Command, Option } from "commander";
import { PermanentError } from "../../../component/errors.ts";
import type { TraceOrder } from "../../../model/trace-query.ts";
import { count } from "../../../query/text/readable.ts";
import type { UiSearchResponse, UiVerdict } from "../../../query/ui/api-types.ts";
import { ApiClient } from "../../client/api-client.ts";
import { requireTraceReference } from "../../client/trace-reference.ts";
import { addConnectionFlags, type ConnectionFlags } from "../../options/connection-flags.ts";
import { checkLookback } from "../../options/option-values.ts";
import { type Explanation, explanationMarkdown, explanationText } from "../../output/explanation.ts";
import { styleFor } from "../../output/format.ts";
import { clientOf, readOneTrace } from "./one-trace.ts";

interface ExplainFlags extends ConnectionFlags {
  readonly slowest: boolean;
  readonly lookback?: string;
  readonly json: boolean;
  readonly markdown: boolean;
}

export function addExplain(program: Command): void {
  addConnectionFlags(
    program
      .command("explain")
      .description("say whether a trace is slow, failed or repeats itself, and where that comes from")
      .argument(
        "<id|traceql>",
        "trace id or its first digits; hex, base64, UUID, traceparent header, or a link to the trace; or a query in TraceQL, of whose traces the newest is explained",
      ),
  )
    .option("--slowest", "with a query: the longest trace that matches, not the newest", false)
    .option("--lookback <duration>", "with a query: a span that began this recently: 15m, 2h, 3d", checkLookback)
    .addOption(new Option("--json", "print the verdict as JSON").default(false).conflicts("markdown"))
    .option("--markdown", "print Markdown of at most 2,000 bytes, for an issue or an assistant", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom explain 0af7651916cd43dd8448eb211c80319c
  spanloom explain 0af76519 --markdown
  spanloom explain '{ resource.service.name = "web" && status = error }'
  spanloom explain --slowest --lookback 1h '{ name = "POST /checkout" }'
  spanloom explain 0af76519 --json | jq .slow.blame`,
    )
    .action(run);
}

async function run(text: string, flags: ExplainFlags, command: Command): Promise<void> {
  const explanation = text.trim().startsWith("{")
    ? await explainChosen(text, flags)
    : await explainNamed(text, flags, command);
  if (flags.json) process.stdout.write(`${JSON.stringify(explanation)}\n`);
  else if (flags.markdown) process.stdout.write(explanationMarkdown(explanation));
  else process.stdout.write(explanationText(explanation, styleFor(process.stdout, process.env)));
}

async function explainNamed(text: string, flags: ExplainFlags, command: Command): Promise<Explanation> {
  const beside = flags.slowest ? "--slowest" : flags.lookback === undefined ? undefined : "--lookback";
  if (beside !== undefined) {
    throw new PermanentError(
      "bad_request",
      `${beside} and a trace id: expected a query in TraceQL, such as '{ status = error }'`,
    );
  }
  const reference = requireTraceReference(text);
  const client = clientOf(reference, flags, command);
  return readOneTrace(client, reference, flags.json, (traceId) => explanationOf(client, traceId));
}

/** Of the traces that a query finds the newest, or the slowest; says of how many. */
async function explainChosen(query: string, flags: ExplainFlags): Promise<Explanation> {
  const client = new ApiClient(flags);
  const { slowest, lookback } = flags;
  const order: TraceOrder = slowest ? "longest" : "newest";
  const asked = new URLSearchParams({ q: query, order, limit: "1", count: "true" });
  if (lookback !== undefined) asked.set("lookback", lookback);
  const { traces, total, complete } = await client.json<UiSearchResponse>(`api/ui/search?${asked}`);
  const [trace] = traces;
  if (trace === undefined) {
    throw new PermanentError("not_found", `no trace matches ${query}${complete ? "" : ", as far as was looked"}`);
  }
  const found = count(total?.traces ?? traces.length, "trace");
  const of = total?.exact === true && complete ? found : `at least ${found}`;
  const chosen = `The ${slowest ? "slowest" : "newest"} of ${of} that ${found === "1 trace" ? "matches" : "match"}`;
  return { ...(await explanationOf(client, trace.traceId)), chosen };
}

async function explanationOf(client: ApiClient, traceId: string): Promise<Explanation> {
  const verdict = await client.json<UiVerdict>(`api/ui/traces/${traceId}/verdict`);
  return { traceId, link: `${client.base}trace/${traceId}`, verdict };
}
