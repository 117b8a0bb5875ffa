import { readFile, writeFile } from "node:fs/promises";
import { PermanentError } from "../../../component/errors.ts";
import { fileReason } from "../../../component/reasons.ts";
import { parseGoDuration } from "../../../query/params.ts";
import { type RunBudget, readBudgets } from "../../../runs/budget/budget-file.ts";
import { checkBudgets } from "../../../runs/budget/check-budgets.ts";
import { compareRuns } from "../../../runs/compare/compare-runs.ts";
import { type CompareSettings, DEFAULT_COMPARE } from "../../../runs/compare/compare-settings.ts";
import { junitReport } from "../../../runs/report/junit-report.ts";
import { markdownReport } from "../../../runs/report/markdown-report.ts";
import type { DiffReport } from "../../../runs/report/report-input.ts";
import { textReport } from "../../../runs/report/text-report.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { styleFor } from "../../output/format.ts";
import { reportError } from "../../output/report-error.ts";
import { write, writeLines } from "../../output/write.ts";
import type { DiffFlags } from "./diff.ts";
import { loadRun } from "./run-sources.ts";

/** What a gate looks at. Nothing but a run that is worse gives 1. */
const DIFF_EXIT = { equal: EXIT.ok, worse: 1, undecided: 2, unusable: EXIT.data } as const;

/** Compares two runs and prints what differs. @returns the exit code */
export async function diffRuns(before: string, after: string, flags: DiffFlags): Promise<number> {
  try {
    const [first, second] = [await loadRun(before, flags), await loadRun(after, flags)];
    const budgets = flags.budget === undefined ? [] : await readBudgetFile(flags.budget);
    const comparison = compareRuns(first.population, second.population, settingsOf(flags));
    const results = checkBudgets(budgets, second.population);
    const verdict = results.every(({ met }) => met) ? comparison.verdict : "worse";
    const report: DiffReport = { names: [first.name, second.name], comparison, budgets: results, verdict };
    await writeReports(report, flags);
    return verdict === "undecided" && flags.allowUndecided ? DIFF_EXIT.equal : DIFF_EXIT[verdict];
  } catch (error) {
    const code = reportError(error);
    if (error instanceof PermanentError && error.code === "malformed") return DIFF_EXIT.unusable;
    return code === EXIT.failed ? DIFF_EXIT.undecided : code;
  }
}

/** Text or JSON on stdout, unless a file of the others is stdout. */
async function writeReports(report: DiffReport, flags: DiffFlags): Promise<void> {
  const files = { junit: junitReport(report, flags.allowUndecided), markdown: markdownReport(report) };
  let onStdout = false;
  for (const form of ["junit", "markdown"] as const) {
    const file = flags[form];
    if (file === undefined) continue;
    if (file === "-") await write(process.stdout, files[form]);
    else await writeFile(file, files[form]).catch((error: unknown) => unwritable(form, file, error));
    onStdout ||= file === "-";
  }
  if (onStdout) return;
  const { names, comparison, budgets, verdict } = report;
  if (flags.json) await write(process.stdout, `${JSON.stringify({ names, ...comparison, budgets, verdict })}\n`);
  else await writeLines(process.stdout, textReport(report, styleFor(process.stdout, process.env)));
}

function unwritable(form: string, file: string, error: unknown): never {
  throw new PermanentError("bad_request", `--${form} ${file}: cannot be written: ${fileReason(error)}`, {
    cause: error,
  });
}

async function readBudgetFile(file: string): Promise<readonly RunBudget[]> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    const message = `--budget ${file}: cannot be read: ${fileReason(error)}`;
    throw new PermanentError("bad_request", message, { cause: error });
  });
  return readBudgets(file, text);
}

function settingsOf({ minEffect, minTime, minErrors, alpha, maxShift }: DiffFlags): CompareSettings {
  return {
    minEffect: minEffect ?? DEFAULT_COMPARE.minEffect,
    minTimeNano: minTime === undefined ? DEFAULT_COMPARE.minTimeNano : Number(parseGoDuration(minTime)),
    minErrors: minErrors ?? DEFAULT_COMPARE.minErrors,
    alpha: alpha ?? DEFAULT_COMPARE.alpha,
    maxShift,
  };
}
