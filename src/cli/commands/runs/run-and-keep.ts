import { existsSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { PermanentError } from "../../../component/errors.ts";
import { makeFolder } from "../../../component/files/make-folder.ts";
import { fileReason } from "../../../component/reasons.ts";
import { count } from "../../../query/text/readable.ts";
import type { UiStatusResponse } from "../../../query/ui/status-types.ts";
import { runFileText } from "../../../runs/file/write-run-file.ts";
import { buildPopulation } from "../../../runs/population/build-population.ts";
import type { RunPopulation } from "../../../runs/population/population.ts";
import { ApiClient } from "../../client/api-client.ts";
import { reportError } from "../../output/report-error.ts";
import { runChild } from "./child-command.ts";
import type { RunFlags } from "./run.ts";
import { runEnvironment } from "./run-environment.ts";
import { type RunIntake, startRunIntake } from "./run-intake.ts";
import { runFileOf } from "./run-places.ts";

/** The run itself failed, and not its command: as env, timeout and docker have it. */
const NOT_KEPT = 125;

/** Runs a command, keeps what it sent, and says so on stderr; stdout is the command's. @returns the exit code */
export async function runAndKeep(words: readonly string[], flags: RunFlags): Promise<number> {
  const { label } = flags;
  let intake: RunIntake;
  try {
    const sendOnTo = flags.url === undefined ? undefined : await otlpAddress(flags.url);
    intake = await startRunIntake({ label, sendOnTo, defaultPorts: flags.defaultPorts });
  } catch (error) {
    reportError(error);
    return NOT_KEPT;
  }
  try {
    const { code, failure } = await runChild(words, runEnvironment(process.env, intake.url, label));
    if (failure !== undefined) {
      say(failure);
      return code;
    }
    const kept = await keep(intake, flags).catch((error: unknown) => {
      reportError(error);
      return false;
    });
    return code === 0 && !kept ? NOT_KEPT : code;
  } finally {
    await intake.close();
  }
}

async function keep(intake: RunIntake, flags: RunFlags): Promise<boolean> {
  if (!(await intake.atRest(flags.settle))) say("spans still come; what came until now is kept");
  const { table, unsent } = await intake.finish();
  if (unsent > 0) say(`${count(unsent, "span")} did not reach the collector at ${flags.url}`);
  if (table.count === 0) {
    say(NOTHING);
    return flags.allowEmpty;
  }
  const population = buildPopulation(table);
  const file = flags.out ?? runFileOf(flags.runs, flags.label);
  const replaces = existsSync(file);
  writeRun(file, runFileText(flags.label, population));
  say(`${summary(flags.label, population)}; kept in ${file}${replaces ? ", in the place of another" : ""}`);
  return unsent === 0;
}

const NOTHING =
  "no span came: nothing is kept. The command was given OTEL_EXPORTER_OTLP_ENDPOINT; a program that ignores it and sends to port 4317 or 4318 is heard with --default-ports";

function writeRun(file: string, text: string): void {
  try {
    makeFolder(dirname(file));
    writeFileSync(file, file.endsWith(".gz") ? gzipSync(text) : text);
  } catch (error) {
    throw new PermanentError("bad_request", `${file}: the run cannot be kept: ${fileReason(error)}`, { cause: error });
  }
}

function summary(label: string, { traces, spans, paths, orphans, leftOut }: RunPopulation): string {
  const roots = paths.filter(({ parent }) => parent < 0).length;
  const failed = paths.filter(({ parent }) => parent < 0).reduce((sum, path) => sum + path.failedTraces, 0);
  return [
    `run ${label}: ${count(traces, "trace")} of ${count(roots, "kind of request", "kinds of requests")}, ${count(spans, "span")}, ${count(paths.length, "operation")}`,
    ...(failed === 0 ? [] : [`${count(failed, "request")} failed`]),
    ...(orphans === 0 ? [] : [`the parent of ${count(orphans, "span")} did not come`]),
    ...(leftOut === 0
      ? []
      : [`${count(leftOut, "span")} left out: names that hold ids make more operations than can be kept`]),
  ].join("; ");
}

/** Where a collector takes OTLP/HTTP, as its own page says, with the host by which it is reached. */
async function otlpAddress(url: string): Promise<string> {
  const client = new ApiClient({ url });
  const { endpoints } = await client.json<UiStatusResponse>("api/ui/status");
  if (endpoints.otlpHttp === undefined) {
    throw new PermanentError("bad_request", `--url ${url}: the collector there takes no OTLP over HTTP`);
  }
  const address = new URL(endpoints.otlpHttp);
  address.hostname = new URL(client.base).hostname;
  return address.href.replace(/\/$/, "");
}

function say(text: string): void {
  process.stderr.write(`spanloom: ${text}\n`);
}
