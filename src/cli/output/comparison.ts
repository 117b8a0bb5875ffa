import { formatDuration } from "../../model/duration-text.ts";
import { count, printable, type Style } from "../../query/text/readable.ts";
import { besideRootDuration } from "../../query/text/two-durations.ts";
import type { UiComparedTrace, UiComparison, UiPlaceInBoth } from "../../query/ui/comparison/comparison-types.ts";
import { quotedForMarkdown, withinMarkdown } from "./markdown.ts";

/** Differences that are told; the rest is counted. */
const TOLD = 15;
const TOLD_IN_MARKDOWN = 5;

export interface ShownComparison {
  /** Of the page that compares them. */
  readonly link: string;
  readonly comparison: UiComparison;
}

interface Told {
  readonly place: string;
  readonly text: string;
}

/** For a terminal: which traces, what is to say of them, and where they differ, the most telling first. */
export function comparisonText({ link, comparison }: ShownComparison, style: Style): string {
  const { a, b, sentences } = comparison;
  const lines = [`A  ${titleOf(a)}`, `B  ${titleOf(b)}`].map((line) => style.bold(line));
  lines.push("", ...sentences.map(printable));
  const { told, more } = differencesOf(comparison, TOLD);
  if (told.length > 0) lines.push("");
  for (const { place, text } of told) lines.push(printable(place), style.dim(`  ${printable(text)}`));
  if (more > 0) lines.push(`and ${count(more, "more difference")}`);
  return `${[...lines, "", link].join("\n")}\n`;
}

/** Markdown of at most 2,000 bytes. Text from spans is quoted, so that it is read as data. */
export function comparisonMarkdown({ link, comparison }: ShownComparison): string {
  const { a, b, sentences } = comparison;
  const { told, more } = differencesOf(comparison, TOLD_IN_MARKDOWN);
  const head = `**A** ${quotedForMarkdown(titleOf(a))}\n**B** ${quotedForMarkdown(titleOf(b))} [compare](${link})\n`;
  return withinMarkdown(head, [
    ...sentences.map((text) => `- ${quotedForMarkdown(text)}`),
    ...told.map(({ place, text }, i) => `${i + 1}. ${quotedForMarkdown(`${place}: ${text}`)}`),
    ...(more > 0 ? [`and ${count(more, "more difference")}`] : []),
  ]);
}

function differencesOf({ differences, moreDifferences, places }: UiComparison, most: number) {
  const told = differences.slice(0, most).map(({ place, text }): Told => {
    const { service, name } = places[place] as UiPlaceInBoth;
    return { place: `${service} ${name}`, text };
  });
  return { told, more: differences.length - told.length + moreDifferences };
}

function titleOf({ traceId, root, traceDurationNano, spanCount, errorCount }: UiComparedTrace): string {
  const what = root === undefined ? "no root" : `${root.service} ${root.name} ${formatDuration(root.durationNano)}`;
  const errors = errorCount === 0 ? "" : `, ${count(errorCount, "error")}`;
  const besides = besideRootDuration(root?.durationNano, traceDurationNano);
  return `${printable(what)}${besides}  ${traceId}  ${count(spanCount, "span")}${errors}`;
}
