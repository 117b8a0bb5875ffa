import { PermanentError } from "../../../component/errors.ts";
import { parseGoDuration } from "../../../query/params.ts";
import { compareRuns } from "../../../runs/compare/compare-runs.ts";
import { type CompareSettings, DEFAULT_COMPARE } from "../../../runs/compare/compare-settings.ts";
import type { DiffReport } from "../../../runs/report/report-input.ts";
import { textReport } from "../../../runs/report/text-report.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { styleFor } from "../../output/format.ts";
import { reportError } from "../../output/report-error.ts";
import { writeLines } from "../../output/write.ts";
import type { DiffFlags } from "./diff.ts";
import { loadRun } from "./run-sources.ts";

/** What a gate looks at. Nothing but a run that is worse gives 1. */
const DIFF_EXIT = { equal: EXIT.ok, worse: 1, undecided: 2, unusable: EXIT.data } as const;

/** Compares two runs and prints what differs. @returns the exit code */
export async function diffRuns(before: string, after: string, flags: DiffFlags): Promise<number> {
  try {
    const [first, second] = [await loadRun(before, flags), await loadRun(after, flags)];
    const comparison = compareRuns(first.population, second.population, settingsOf(flags));
    const report: DiffReport = { names: [first.name, second.name], comparison, verdict: comparison.verdict };
    if (flags.json) process.stdout.write(`${JSON.stringify({ names: report.names, ...comparison })}\n`);
    else await writeLines(process.stdout, textReport(report, styleFor(process.stdout, process.env)));
    return report.verdict === "undecided" && flags.allowUndecided ? DIFF_EXIT.equal : DIFF_EXIT[report.verdict];
  } catch (error) {
    const code = reportError(error);
    if (error instanceof PermanentError && error.code === "malformed") return DIFF_EXIT.unusable;
    return code === EXIT.failed ? DIFF_EXIT.undecided : code;
  }
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
