import type { RunOperation } from "../population/span-table.ts";
import { budgetText } from "./budget-text.ts";
import { evidenceText, stepsText, whatChanged } from "./change-words.ts";
import type { DiffReport } from "./report-input.ts";
import { scopeLines, titleOf } from "./report-lines.ts";

interface TestCase {
  readonly group: string;
  readonly name: string;
  /** Lines of a failure; none where it passed. */
  readonly failures: readonly string[];
  readonly kind?: "failure" | "error" | "skipped";
}

/** The report as JUnit's XML, which CI systems show: a test for each operation, each budget, and the whole. */
export function junitReport(report: DiffReport, allowUndecided: boolean): string {
  const cases = [wholeCase(report, allowUndecided), ...operationCases(report), ...budgetCases(report)];
  const number = (kind: string) =>
    cases.filter((one) => one.failures.length > 0 && (one.kind ?? "failure") === kind).length;
  const counts = `tests="${cases.length}" failures="${number("failure")}" errors="${number("error")}" skipped="${number("skipped")}"`;
  const name = xml(titleOf(report));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="spanloom diff" ${counts}>`,
    `  <testsuite name="${name}" ${counts}>`,
    ...cases.flatMap(caseLines),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function wholeCase(report: DiffReport, allowUndecided: boolean): TestCase {
  const { undecided, shift } = report.comparison;
  const lines = scopeLines(report);
  const whole = { group: "spanloom diff", name: "the runs as a whole" };
  if (undecided !== undefined) return { ...whole, failures: lines, kind: allowUndecided ? "skipped" : "error" };
  return { ...whole, failures: shift?.worse === true ? lines : [] };
}

function operationCases({ comparison }: DiffReport): TestCase[] {
  const failures = new Map<string, { readonly path: readonly RunOperation[]; readonly lines: string[] }>();
  const of = (path: readonly RunOperation[]) => {
    const key = JSON.stringify(path);
    const known = failures.get(key) ?? { path, lines: [] };
    failures.set(key, known);
    return known.lines;
  };
  for (const { path } of comparison.operations) of(path);
  for (const change of comparison.changes) {
    if (change.worse && change.cause) of(change.path).push(`${whatChanged(change)} (${evidenceText(change)})`);
  }
  return [...failures.values()].map(({ path, lines }) => ({
    group: path.at(-1)?.service ?? "",
    name: stepsText(path),
    failures: lines,
  }));
}

function budgetCases({ budgets }: DiffReport): TestCase[] {
  return budgets.map((result) => ({
    group: "budgets",
    name: `${result.operation}: ${result.limit}`,
    failures: result.met ? [] : [budgetText(result)],
  }));
}

function caseLines({ group, name, failures, kind = "failure" }: TestCase): string[] {
  const head = `    <testcase classname="${xml(group)}" name="${xml(name)}"`;
  if (failures.length === 0) return [`${head}/>`];
  const [first = ""] = failures;
  return [
    `${head}>`,
    `      <${kind} message="${xml(first)}">${xml(failures.join("\n"))}</${kind}>`,
    "    </testcase>",
  ];
}

/** Text for XML 1.0, which has no place for most control characters. */
function xml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML forbids
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      .replaceAll("\n", "&#10;")
  );
}
