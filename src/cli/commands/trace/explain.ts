import { type Command, Option } from "commander";
import type { UiVerdict } from "../../../query/ui/api-types.ts";
import { requireTraceReference } from "../../client/trace-reference.ts";
import { addConnectionFlags, type ConnectionFlags } from "../../options/connection-flags.ts";
import { explanationMarkdown, explanationText } from "../../output/explanation.ts";
import { styleFor } from "../../output/format.ts";
import { clientOf, readOneTrace } from "./one-trace.ts";

interface ExplainFlags extends ConnectionFlags {
  readonly json: boolean;
  readonly markdown: boolean;
}

export function addExplain(program: Command): void {
  addConnectionFlags(
    program
      .command("explain")
      .description("say whether a trace is slow, failed or repeats itself, and where that comes from")
      .argument("<id>", "trace id or its first digits; hex, base64, UUID, traceparent header, or a link to the trace"),
  )
    .addOption(new Option("--json", "print the verdict as JSON").default(false).conflicts("markdown"))
    .option("--markdown", "print Markdown of at most 2,000 bytes, for an issue or an assistant", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom explain 0af7651916cd43dd8448eb211c80319c
  spanloom explain 0af76519 --markdown
  spanloom explain 0af76519 --json | jq .slow.blame`,
    )
    .action(run);
}

async function run(text: string, flags: ExplainFlags, command: Command): Promise<void> {
  const reference = requireTraceReference(text);
  const client = clientOf(reference, flags, command);
  const explanation = await readOneTrace(client, reference, flags.json, async (traceId) => {
    const verdict = await client.json<UiVerdict>(`api/ui/traces/${traceId}/verdict`);
    return { traceId, link: `${client.base}trace/${traceId}`, verdict };
  });
  if (flags.json) process.stdout.write(`${JSON.stringify(explanation)}\n`);
  else if (flags.markdown) process.stdout.write(explanationMarkdown(explanation));
  else process.stdout.write(explanationText(explanation, styleFor(process.stdout, process.env)));
}
