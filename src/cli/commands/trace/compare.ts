import { type Command, Option } from "commander";
import { PermanentError } from "../../../component/errors.ts";
import type { UiComparison, UiTypical } from "../../../query/ui/comparison/comparison-types.ts";
import type { ApiClient } from "../../client/api-client.ts";
import { requireTraceReference, wholeId } from "../../client/trace-reference.ts";
import { addConnectionFlags, type ConnectionFlags } from "../../options/connection-flags.ts";
import { comparisonMarkdown, comparisonText, type ShownComparison } from "../../output/comparison.ts";
import { styleFor } from "../../output/format.ts";
import { clientOf, readOneTrace } from "./one-trace.ts";

interface CompareFlags extends ConnectionFlags {
  readonly json: boolean;
  readonly markdown: boolean;
}

const REFERENCE = "trace id or its first digits; hex, base64, UUID, traceparent header, or a link to the trace";

export function addCompare(program: Command): void {
  addConnectionFlags(
    program
      .command("compare")
      .description("say how a trace differs from another one, or from a typical one of its operation")
      .argument("<a>", REFERENCE)
      .argument("[b]", "the trace that is compared with it; without one, <a> is compared with a typical one"),
  )
    .addOption(new Option("--json", "print the comparison as JSON").default(false).conflicts("markdown"))
    .option("--markdown", "print Markdown of at most 2,000 bytes, for an issue or an assistant", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom compare 0af76519 5b8efff7       what the second does that the first does not
  spanloom compare 0af76519                what makes it other than a typical one
  spanloom compare 0af76519 --json | jq '.differences[0].text'`,
    )
    .action(run);
}

async function run(a: string, b: string | undefined, flags: CompareFlags, command: Command): Promise<void> {
  const reference = requireTraceReference(a);
  const client = clientOf(reference, flags, command);
  const first = await idOf(client, a, flags.json);
  const [from, to] =
    b === undefined ? [await typicalOf(client, first), first] : [first, await idOf(client, b, flags.json)];
  const comparison = await client.json<UiComparison>(`api/ui/traces/${from}/compare/${to}`);
  const shown: ShownComparison = { link: `${client.base}trace/${from}...${to}`, comparison };
  if (flags.json) process.stdout.write(`${JSON.stringify({ link: shown.link, ...comparison })}\n`);
  else if (flags.markdown) process.stdout.write(comparisonMarkdown(shown));
  else process.stdout.write(comparisonText(shown, styleFor(process.stdout, process.env)));
}

/** The whole id: what is given in full is taken at its word, and missed by the comparison. */
async function idOf(client: ApiClient, text: string, json: boolean): Promise<string> {
  const reference = requireTraceReference(text);
  if (reference.digits.length === 32) return wholeId(reference);
  // Whatever is asked of it says whether it is there, and this answer is short.
  return readOneTrace(client, reference, json, async (traceId) => {
    await client.json(`api/ui/traces/${traceId}/search?q=${traceId}`);
    return traceId;
  });
}

async function typicalOf(client: ApiClient, traceId: string): Promise<string> {
  const { typical, reason } = await client.json<UiTypical>(`api/ui/traces/${traceId}/typical`);
  if (typical !== undefined) return typical.traceId;
  throw new PermanentError("not_found", `nothing to compare trace ${traceId} with: ${reason}; name another trace`);
}
