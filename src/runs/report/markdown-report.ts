import { printable } from "../../query/text/readable.ts";
import type { RunChange } from "../compare/comparison.ts";
import { budgetText } from "./budget-text.ts";
import { evidenceText, stepsText, whatChanged } from "./change-words.ts";
import type { DiffReport } from "./report-input.ts";
import { scopeLines, sections, titleOf } from "./report-lines.ts";

/** Rows of a table at most: a comment takes 65,536 characters. */
const MOST_ROWS = 20;
const MOST_NAME = 300;

/** The report for a pull request: what is worse in sight, all else folded. */
export function markdownReport(report: DiffReport): string {
  const { worse, follows, better, other } = sections(report);
  const unmet = report.budgets.filter(({ met }) => !met);
  const blocks = [
    `### ${code(titleOf(report))}`,
    ...(unmet.length === 0 ? [] : [unmet.map((one) => `- ${code(one.operation)}: ${budgetText(one)}`).join("\n")]),
    ...table(worse),
    scopeLines(report)
      .map((line) => `- ${plain(line)}`)
      .join("\n"),
    ...folded("Slower or failing for that", follows),
    ...folded("Better", better),
    ...folded("New or gone", other),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function table(changes: readonly RunChange[]): string[] {
  if (changes.length === 0) return [];
  const rows = changes
    .slice(0, MOST_ROWS)
    .map((change) => `| ${code(stepsText(change.path))} | ${whatChanged(change)} | ${evidenceText(change)} |`);
  const more = changes.length > MOST_ROWS ? [`| and ${changes.length - MOST_ROWS} more | | |`] : [];
  return [["| operation | what | how sure |", "|---|---|---|", ...rows, ...more].join("\n")];
}

function folded(title: string, changes: readonly RunChange[]): string[] {
  const [rows] = table(changes);
  return rows === undefined ? [] : [`<details><summary>${title}: ${changes.length}</summary>\n\n${rows}\n\n</details>`];
}

/** Names come from strangers: nothing in them is Markdown or HTML. */
function code(text: string): string {
  const shown = printable(text).replaceAll("`", "'");
  const cut = shown.length > MOST_NAME ? `${shown.slice(0, MOST_NAME)}…` : shown;
  return `\`${cut.replaceAll("|", "\\|")}\``;
}

function plain(text: string): string {
  return printable(text).replace(/[<>&|`*_[\]\\]/g, (character) => `\\${character}`);
}
