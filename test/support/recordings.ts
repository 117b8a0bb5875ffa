import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ReplaySummary, replay } from "../../src/replay/replay.ts";
import { otlpTarget } from "../../src/replay/target.ts";
import facts from "../fixtures/facts.json" with { type: "json" };

const FIXTURES = resolve(import.meta.dirname, "../fixtures");

/** The recorded applications (test/fixtures/README.md) and what is known of each. */
export const RECORDINGS = ["node-shop", "python-shop", "telemetrygen"] as const;
export type Recording = (typeof RECORDINGS)[number];

export interface RawBody {
  readonly file: string;
  readonly asReceived?: string;
  readonly transport: "grpc" | "http-pb" | "http-json";
  readonly contentType?: string;
}

export function recordingPath(name: Recording): string {
  return join(FIXTURES, `${name}.jsonl`);
}

export function recordingFacts(name: Recording) {
  return facts[name];
}

/** The raw requests of a recording, in order of arrival; line k of the recording is body k. */
export function rawBodies(name: Recording): RawBody[] {
  return JSON.parse(readFileSync(join(FIXTURES, "raw", name, "index.json"), "utf8")) as RawBody[];
}

export function readRaw(name: Recording, file: string): Buffer {
  return readFileSync(join(FIXTURES, "raw", name, file));
}

/** Every trace id of a recording. */
export function traceIds(name: Recording): string[] {
  return facts[name].allTraces.map((trace) => trace.traceId);
}

/** Sends recordings to an OTLP/HTTP base as the command does. */
export function replayAll(endpoint: string, names: readonly Recording[] = RECORDINGS): Promise<ReplaySummary> {
  const { signal } = new AbortController();
  return replay({
    files: names.map(recordingPath),
    targets: [otlpTarget(endpoint, signal)],
    speed: "max",
    at: "original",
    freshIds: false,
    signal,
  });
}
