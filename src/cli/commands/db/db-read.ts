import { readDataFolder } from "../../../app/data-folder.ts";
import { count } from "../../../query/text/readable.ts";
import { terminalWidth } from "../../../query/text/width.ts";
import type { DbFlags } from "../../options/db-flags.ts";
import { resolveConfig } from "../../options/resolve-config.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { formatMebibytes, table } from "../../output/format.ts";
import { createProgress } from "../../output/progress.ts";

export async function stats(flags: DbFlags): Promise<void> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
  try {
    const report = reader.stats();
    if (flags.json) {
      print(report);
      return;
    }
    const rows = report.segments.map((segment) => [
      String(segment.segment),
      segment.sealed ? "sealed" : segment.state,
      String(segment.spans),
      formatMebibytes(segment.bytes),
      segment.spans === 0 ? "-" : (segment.bytes / segment.spans).toFixed(1),
      time(segment.oldestMs),
      time(segment.newestMs),
    ]);
    process.stdout.write(
      table(["segment", "form", "spans", "MiB", "bytes/span", "oldest", "newest"], rows, {
        right: [0, 2, 3, 4],
        width: terminalWidth(process.stdout),
      }),
    );
    process.stdout.write(
      `${count(report.spans, "span")} in ${formatMebibytes(report.bytes)} MiB, ${report.bytesPerSpan} bytes a span; ` +
        `${formatMebibytes(report.otherBytes)} MiB for rates, cursors and lists; ${formatMebibytes(report.free)} MiB free on the disk\n`,
    );
    if (report.tombstones > 0) {
      process.stdout.write(
        `${count(report.tombstones, "deleted trace")} to be cleared from the disk: spanloom db compact\n`,
      );
    }
    for (const file of report.damagedFiles) process.stdout.write(`put aside as damaged: ${file}\n`);
  } finally {
    reader.close();
  }
}

export async function check(flags: DbFlags): Promise<void> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
  const progress = await createProgress("segments", flags.json);
  try {
    const report = await reader.check((done, total) => progress.update(done, total, ""));
    progress.stop();
    const bad = report.problems.length + report.damagedFiles.length;
    if (flags.json) print({ ok: bad === 0, ...report });
    else {
      process.stdout.write(problemLines(report.problems));
      for (const file of report.damagedFiles) process.stdout.write(`put aside as damaged: ${file}\n`);
      process.stdout.write(
        `${bad === 0 ? "all well" : count(bad, "problem")}: ${count(report.spans, "span")} in ${count(report.rows, "row")} of ${count(report.segments, "segment")}\n`,
      );
    }
    if (bad > 0) process.exitCode = EXIT.failed;
  } finally {
    progress.stop();
    reader.close();
  }
}

export async function backup(folder: string, flags: DbFlags): Promise<void> {
  const reader = readDataFolder(await resolveConfig(flags, process.env));
  const progress = await createProgress("segments", flags.json);
  try {
    const { segments, problems } = await reader.backup(folder, (done, total) => progress.update(done, total, ""));
    progress.stop();
    const bad = problems.length;
    if (flags.json) print({ ok: bad === 0, folder, segments, problems });
    else {
      const copied = `copied ${count(segments, "segment")} to ${folder}`;
      process.stdout.write(
        `${problemLines(problems)}${copied}${bad === 0 ? "" : ` with ${count(bad, "problem")}`}; try it: spanloom db check --data ${folder}\n`,
      );
    }
    if (bad > 0) process.exitCode = EXIT.failed;
  } finally {
    progress.stop();
    reader.close();
  }
}

type Problem = { readonly reason: string } & ({ readonly file: string } | { readonly segment: number });

function problemLines(problems: readonly Problem[]): string {
  return problems
    .map((problem) => `${"file" in problem ? problem.file : `segment ${problem.segment}`}: ${problem.reason}\n`)
    .join("");
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function time(ms: number | null): string {
  return ms === null ? "-" : new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}
