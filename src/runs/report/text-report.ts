import { count, printable, type Style } from "../../query/text/readable.ts";
import type { RunChange } from "../compare/comparison.ts";
import { budgetText } from "./budget-text.ts";
import { evidenceText, stepsText, whatChanged } from "./change-words.ts";
import type { DiffReport } from "./report-input.ts";
import { scopeLines, sections, titleOf } from "./report-lines.ts";

/** What follows of a cause is listed up to here; `--json` has all of it. */
const MOST_FOLLOWING = 5;
const MOST_LISTED = 20;

/** The report for a terminal: causes first, the deepest change of each, then what follows of them. */
export function* textReport(report: DiffReport, style: Style): Generator<string> {
  const { worse, follows, better, other } = sections(report);
  const title = printable(titleOf(report));
  yield style.bold(report.verdict === "worse" ? style.red(title) : title);
  for (const line of scopeLines(report)) yield `  ${line}`;
  const unmet = report.budgets.filter(({ met }) => !met);
  if (unmet.length > 0) yield "";
  if (unmet.length > 0) yield "over budget:";
  for (const result of unmet) yield `  ${printable(result.operation)}: ${budgetText(result)}`;
  yield* listed("worse", worse, MOST_LISTED, (text) => style.bold(text));
  yield* listed("slower or failing for that", follows, MOST_FOLLOWING, (text) => text);
  yield* listed("better", better, MOST_LISTED, (text) => text);
  yield* listed("new or gone", other, MOST_LISTED, (text) => text);
  if (report.budgets.length > 0 && unmet.length === 0)
    yield `  within budget: ${count(report.budgets.length, "limit")}`;
  if (worse.length + follows.length + better.length + other.length === 0) yield "  no change was found";
}

function* listed(
  title: string,
  changes: readonly RunChange[],
  most: number,
  shown: (text: string) => string,
): Generator<string> {
  if (changes.length === 0) return;
  yield "";
  yield `${title}:`;
  for (const change of changes.slice(0, most)) {
    yield `  ${shown(printable(stepsText(change.path)))}`;
    yield `    ${whatChanged(change)}`;
    yield `    ${evidenceText(change)}`;
  }
  if (changes.length > most) yield `  and ${changes.length - most} more`;
}
