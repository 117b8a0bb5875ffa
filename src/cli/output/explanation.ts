import { findingsOf } from "../../query/text/findings.ts";
import { printable, type Style } from "../../query/text/readable.ts";
import { besideRootDuration } from "../../query/text/two-durations.ts";
import type { UiVerdict } from "../../query/ui/api-types.ts";
import { quotedForMarkdown, withinMarkdown } from "./markdown.ts";

/** A trace and the verdict on it. */
export interface Explanation {
  readonly traceId: string;
  /** Where it was chosen by a query: by what, of how many; a sentence without a full stop. */
  readonly chosen?: string;
  /** Of the trace's page. */
  readonly link: string;
  readonly verdict: UiVerdict;
}

/** For a terminal: what it is, what is to say of it, and where to look. */
export function explanationText(explanation: Explanation, style: Style): string {
  const { root } = explanation.verdict;
  const title =
    root === undefined ? explanation.traceId : `${root.text}${besides(explanation.verdict)}  ${explanation.traceId}`;
  const lines = [style.bold(printable(title))];
  if (explanation.chosen !== undefined) lines.push(style.dim(explanation.chosen));
  for (const { text, spanId } of findingsOf(explanation.verdict)) {
    lines.push(printable(text));
    if (spanId !== undefined) lines.push(style.dim(`  span ${spanId}`));
  }
  return `${[...lines, explanation.link].join("\n")}\n`;
}

/** Markdown of at most 2,000 bytes. Text from spans is quoted, so that it is read as data. */
export function explanationMarkdown(explanation: Explanation): string {
  const { root } = explanation.verdict;
  const head = `**${root === undefined ? "Trace" : quotedForMarkdown(root.text + besides(explanation.verdict))}** [${explanation.traceId}](${explanation.link})`;
  const lines = findingsOf(explanation.verdict).map(({ text, spanId }) => {
    return `- ${quotedForMarkdown(text)}${spanId === undefined ? "" : ` ([span](${explanation.link}?span=${spanId}))`}`;
  });
  return withinMarkdown(`${head}\n${explanation.chosen === undefined ? "" : `\n${explanation.chosen}.\n`}`, lines);
}

function besides({ root, traceDurationNano }: UiVerdict): string {
  return besideRootDuration(root?.durationNano, traceDurationNano);
}
