import { rm } from "node:fs/promises";
import type { Config } from "../../../app/config/config.ts";
import { startExporters } from "../../../app/recording/started-exporters.ts";
import { PermanentError } from "../../../component/errors.ts";
import { SILENT_LOGGER } from "../../../component/logger.ts";
import { count } from "../../../query/text/readable.ts";
import { checkRecording, STDIN } from "../../../replay/open-recording.ts";
import { type ReplaySummary, replay } from "../../../replay/replay.ts";
import { exporterTarget, otlpTarget, type ReplayTarget } from "../../../replay/target.ts";
import { resolveConfig } from "../../options/resolve-config.ts";
import { badLineReporter } from "../../output/bad-lines.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { createProgress, type Progress } from "../../output/progress.ts";
import { chooseTraces } from "./choose-traces.ts";
import type { ReplayFlags } from "./replay.ts";
import { spoolStdin } from "./spool-stdin.ts";

const KIB = 1024;

/** Sends, says what came of it, and sets the exit code. */
export async function runReplay(named: readonly string[], flags: ReplayFlags): Promise<void> {
  if (named.filter((file) => file === STDIN).length > 1) {
    throw new PermanentError("bad_request", "-: stdin can be read once, and is named twice");
  }
  for (const file of named) await checkRecording(file);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const progress = await createProgress("KiB", flags.json);
  let targets: readonly ReplayTarget[] = [];
  let files = named;
  let summary: ReplaySummary;
  try {
    targets = await targetsOf(flags, stop.signal);
    // Who wants the last time, or what matches, has to read all of it before anything is sent.
    const twice = flags.at === "now" || flags.query !== undefined;
    if (twice && named.includes(STDIN)) files = await spoolStdin(named, stop.signal);
    const choice = flags.query === undefined ? undefined : await chooseTraces(files, flags.query, stop.signal);
    summary = await replay({
      files,
      targets,
      speed: flags.speed,
      at: flags.at,
      freshIds: flags.freshIds,
      ...(choice === undefined ? {} : { choice }),
      signal: stop.signal,
      onProgress: (state) => show(progress, state),
      onBadLine: badLineReporter(),
      onNote: (file, line, text) => process.stderr.write(`spanloom: ${file}:${line}: ${text}\n`),
    });
  } finally {
    progress.stop();
    await Promise.all(targets.map((target) => target.close()));
    for (const [at, file] of files.entries()) if (file !== named[at]) await rm(file, { force: true });
  }
  process.stdout.write(flags.json ? `${JSON.stringify(summary)}\n` : describe(summary));
  for (const { error } of summary.targets)
    if (error !== undefined) process.stderr.write(`spanloom: ${error.message}\n`);
  process.exitCode = exitCode(summary, flags);
}

async function targetsOf({ to, endpoint, token, ...flags }: ReplayFlags, signal: AbortSignal): Promise<ReplayTarget[]> {
  if (to === undefined) return [otlpTarget(endpoint, signal, token)];
  const config: Config = await resolveConfig(flags, process.env);
  const started = await startExporters(to, config, SILENT_LOGGER);
  return started.map(({ title, exporter }) => exporterTarget(title, exporter));
}

function show(
  progress: Progress,
  { spans, bytesRead, totalBytes }: { spans: number; bytesRead: number; totalBytes: number | undefined },
): void {
  const kib = (bytes: number) => Math.ceil(bytes / KIB);
  if (totalBytes === undefined) progress.count(kib(bytesRead), count(spans, "span"));
  else progress.update(kib(bytesRead), kib(totalBytes), count(spans, "span"));
}

function exitCode(summary: ReplaySummary, { skipBad }: ReplayFlags): number {
  if (summary.targets.some(({ error }) => error?.code === "unreachable")) return EXIT.unreachable;
  if (summary.targets.some(({ error }) => error !== undefined)) return EXIT.refused;
  if (summary.interrupted) return EXIT.interrupted;
  if (summary.rejectedSpans > 0) return EXIT.refused;
  return summary.badLines > 0 && !skipBad ? EXIT.failed : EXIT.ok;
}

function describe(summary: ReplaySummary): string {
  const { spans, requests, seconds, targets } = summary;
  const rate = seconds > 0 ? Math.round(spans / seconds) : spans;
  const done = summary.interrupted ? "stopped after" : "sent";
  let text = `${done} ${count(spans, "span")} in ${count(requests, "request")}, ${seconds.toFixed(2)} s (${rate} spans/s)\n`;
  for (const target of targets.length > 1 ? targets : []) {
    const state = target.error === undefined ? "" : ", then gave up";
    text += `  ${target.name}: ${count(target.spans, "span")}${state}\n`;
  }
  if (summary.unchosenSpans > 0) text += `of traces that do not match: ${count(summary.unchosenSpans, "span")}\n`;
  if (summary.rejectedSpans > 0) text += `refused: ${count(summary.rejectedSpans, "span")}\n`;
  for (const message of summary.messages) text += `  ${message}\n`;
  if (summary.badLines > 0) text += `lines left out: ${summary.badLines}\n`;
  if (summary.repeatedSpans > 0) text += `spans that came again: ${summary.repeatedSpans}\n`;
  if (summary.collidingSpans > 0) text += `spans with the ids of another: ${summary.collidingSpans}\n`;
  return text;
}
