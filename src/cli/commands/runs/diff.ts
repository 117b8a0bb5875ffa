import { type Command, InvalidArgumentError } from "commander";
import { addConnectionFlags, type ConnectionFlags } from "../../options/connection-flags.ts";
import { checkDuration } from "../../options/option-values.ts";
import { RUNS_FOLDER } from "./run-places.ts";

export interface DiffFlags extends ConnectionFlags {
  readonly runs: string;
  readonly minEffect?: number;
  readonly minTime?: string;
  readonly minErrors?: number;
  readonly alpha?: number;
  readonly maxShift?: number;
  readonly allowUndecided: boolean;
  readonly skipBad: boolean;
  readonly budget?: string;
  readonly junit?: string;
  readonly markdown?: string;
  readonly json: boolean;
}

export function addDiff(program: Command): void {
  const command = program
    .command("diff")
    .description("compare two runs: which operations got slower, fail more, or are called more often")
    .argument("<before>", "label of a run, a file of one, a recording, or TraceQL over a collector")
    .argument("<after>", "the same of the run that is to be judged");
  addConnectionFlags(command)
    .option("--runs <folder>", "where runs are kept", RUNS_FOLDER)
    .option("--min-effect <percent>", "least slow-down that matters (default: 5%)", parsePercent)
    .option("--min-time <duration>", "least slow-down of a call that matters (default: 20us)", checkDuration)
    .option("--min-errors <percent>", "least rise of the failing traces that matters (default: 1%)", parsePercent)
    .option("--max-shift <percent>", "a run slower as a whole by more is worse (default: only said)", parsePercent)
    .option("--alpha <share>", "how often equal runs may be told apart by chance (default: 0.01)", parseShare)
    .option("--allow-undecided", "too few traces to tell are no failure", false)
    .option("--skip-bad", "lines of a recording that cannot be read are counted, and no failure", false)
    .option("--budget <file>", "limits that the second run has to keep, as YAML or JSON")
    .option("--junit <file>", "write the report as JUnit XML too, - for stdout alone")
    .option("--markdown <file>", "write the report for a pull request too, - for stdout alone")
    .option("--json", "print the comparison as JSON", false)
    .addHelpText(
      "after",
      `
Exit codes: 0 no worse, 1 worse, 2 the runs could not be compared, 3 a file is damaged or of another version,
5 the collector cannot be reached.

Examples:
  spanloom diff main pr-42
  spanloom diff baselines/main.jsonl pr-42 --min-effect 10%
  spanloom diff main pr-42 --budget budget.yaml --junit report.xml --markdown "$GITHUB_STEP_SUMMARY"
  spanloom diff '{ resource.spanloom.run = "main" }' '{ resource.spanloom.run = "pr-42" }'`,
    )
    .action(async (before: string, after: string, flags: DiffFlags) => {
      const { diffRuns } = await import("./diff-runs.ts");
      process.exitCode = await diffRuns(before, after, flags);
    });
}

/** `5%` or `5` as 0.05. */
function parsePercent(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text);
  if (match === null) throw new InvalidArgumentError("expected a percentage such as 5% or 2.5%");
  return Number(match[1]) / 100;
}

function parseShare(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 0.5)) throw new InvalidArgumentError("expected a share above 0 such as 0.01");
  return value;
}
