import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../fixtures/", import.meta.url));

export const FIXTURE_NAMES = ["node-shop", "python-shop", "telemetrygen"] as const;

/** One recorded request body and the line of the JSON Lines file that says the same. */
export interface RecordedBody {
  readonly name: string;
  readonly file: string;
  readonly format: "protobuf" | "json";
  readonly bytes: Uint8Array;
  /** The request as the Collector's file exporter wrote it. */
  readonly line: string;
}

/** Every recorded body, in order of arrival. */
export function recordedBodies(): RecordedBody[] {
  return FIXTURE_NAMES.flatMap((name) => {
    const lines = readFileSync(`${ROOT}${name}.jsonl`, "utf8").trimEnd().split("\n");
    return readdirSync(`${ROOT}raw/${name}`)
      .filter((file) => file.endsWith(".bin"))
      .sort()
      .map((file) => ({
        name,
        file,
        format: file.includes("json") ? ("json" as const) : ("protobuf" as const),
        bytes: new Uint8Array(readFileSync(`${ROOT}raw/${name}/${file}`)),
        line: lines[Number(file.slice(0, 4))] as string,
      }));
  });
}

/** facts.json, as far as the codec's tests look at it. */
export interface Facts {
  readonly spans: number;
  readonly services: Readonly<Record<string, { readonly spans: number; readonly errors: number }>>;
  readonly errors: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, number>>;
  readonly allTraces: readonly {
    readonly traceId: string;
    readonly spans: number;
    readonly errors: number;
    readonly startTimeUnixNano: string;
    readonly durationNano: string;
    readonly roots: readonly { readonly name: string; readonly service: string; readonly spanId: string }[];
  }[];
}

export function facts(): Readonly<Record<(typeof FIXTURE_NAMES)[number], Facts>> {
  return JSON.parse(readFileSync(`${ROOT}facts.json`, "utf8"));
}
