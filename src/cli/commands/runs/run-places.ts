import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { PermanentError } from "../../../component/errors.ts";
import { nearest } from "../../../model/text/nearest.ts";

/** Where runs are kept, below the working directory. */
export const RUNS_FOLDER = join(".spanloom", "runs");
const ENDING = ".jsonl";

/** The file of a label: what a file system takes amiss is percent-encoded. */
export function runFileOf(folder: string, label: string): string {
  const name = encodeURIComponent(label).replace(/^\./, "%2E");
  return join(folder, `${name}${ENDING}`);
}

/** Labels of the runs that are kept in a folder. */
export function labelsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => decoded(name.slice(0, -ENDING.length)))
    .sort();
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** @throws PermanentError `not_found` that names the nearest labels */
export function noSuchRun(folder: string, label: string): PermanentError {
  const labels = labelsIn(folder);
  const near = nearest(label, labels);
  const known =
    labels.length === 0 ? "there are none; make one with spanloom run" : `known: ${labels.slice(0, 10).join(", ")}`;
  const hint = near === undefined ? known : `did you mean ${near}? ${known}`;
  return new PermanentError("not_found", `${label}: no run of that label in ${folder}, and no such file; ${hint}`);
}
