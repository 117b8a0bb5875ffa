import { quantile } from "./load.ts";

/** What was seen of a collector within one minute. */
export interface SoakMinute {
  readonly minute: number;
  readonly spansPerSecond: number;
  readonly failedRequests: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly queryP50Ms: number;
  readonly queryP99Ms: number;
  /** Medians of what was looked at all along. */
  readonly rssMebibytes: number;
  readonly openFiles: number;
  /** The least of the minute, of all threads that tell: what is left when garbage was just collected. */
  readonly heapMebibytes: number;
  readonly externalMebibytes: number;
  readonly diskMebibytes: number;
  /** Most spans that waited for any exporter. */
  readonly backlogSpans: number;
  /** CPU of the collector, and of everything else on the machine but the soak's own processes, in cores. */
  readonly cores: number;
  readonly otherCores: number;
  readonly faults: readonly string[];
}

/** A figure that has to stay as it was. */
interface Flat {
  readonly name: keyof SoakMinute;
  readonly unit: string;
  /** Growth from the middle third of the run to the last that is still flat, as a share and in the figure's unit. */
  readonly share: number;
  readonly least: number;
}

/**
 * Memory and files may not grow; times are of a machine that others use too, so that what they may differ by is more.
 */
const FLAT: readonly Flat[] = [
  { name: "rssMebibytes", unit: "MiB", share: 0.08, least: 8 },
  { name: "heapMebibytes", unit: "MiB", share: 0.1, least: 4 },
  { name: "externalMebibytes", unit: "MiB", share: 0.25, least: 8 },
  { name: "openFiles", unit: "", share: 0.05, least: 4 },
  { name: "ackP50Ms", unit: "ms", share: 0.5, least: 2 },
  { name: "ackP99Ms", unit: "ms", share: 0.5, least: 20 },
  { name: "queryP50Ms", unit: "ms", share: 0.5, least: 2 },
];

export interface Verdict {
  readonly name: string;
  readonly unit: string;
  readonly middle: number;
  readonly last: number;
  readonly flat: boolean;
}

/**
 * Compares the medians of the middle and the last third: the first is when caches fill and retention has nothing to
 * remove yet.
 */
export function flatness(minutes: readonly SoakMinute[]): Verdict[] {
  const third = Math.max(1, Math.floor(minutes.length / 3));
  const medianOf = (of: readonly SoakMinute[], name: keyof SoakMinute) => {
    return median(of.map((minute) => minute[name] as number));
  };
  return FLAT.map(({ name, unit, share, least }) => {
    const middle = medianOf(minutes.slice(-2 * third, -third), name);
    const last = medianOf(minutes.slice(-third), name);
    return { name, unit, middle, last, flat: last - middle <= Math.max(least, middle * share) };
  });
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** Something that must be so at the end. */
export interface Check {
  readonly what: string;
  readonly holds: boolean;
}

/** The report in Markdown. */
export function soakReport(head: string, minutes: readonly SoakMinute[], checks: readonly Check[]): string {
  const verdicts = flatness(minutes);
  const yes = (good: boolean) => (good ? "yes" : "**no**");
  const table = (names: readonly string[], rows: readonly (readonly unknown[])[]) =>
    [names, names.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
  return [
    head,
    table(
      ["figure", "middle third", "last third", "flat"],
      verdicts.map(({ name, unit, middle, last, flat }) => [
        WORDS[name as keyof typeof WORDS],
        `${middle} ${unit}`.trim(),
        `${last} ${unit}`.trim(),
        yes(flat),
      ]),
    ),
    table(
      ["at the end", "holds"],
      checks.map(({ what, holds }) => [what, yes(holds)]),
    ),
    table(
      ["minute", "spans/s", ...Object.values(WORDS), "disk MiB", "backlog", "cores", "others' cores", "what happened"],
      minutes.map((one) => [
        one.minute,
        one.spansPerSecond,
        ...Object.keys(WORDS).map((name) => one[name as keyof SoakMinute]),
        one.diskMebibytes,
        one.backlogSpans,
        one.cores,
        one.otherCores,
        one.faults.join("; "),
      ]),
    ),
    "",
  ].join("\n\n");
}

const WORDS = {
  rssMebibytes: "RSS, MiB",
  heapMebibytes: "heap, MiB",
  externalMebibytes: "buffers, MiB",
  openFiles: "open files",
  ackP50Ms: "ack p50, ms",
  ackP99Ms: "ack p99, ms",
  queryP50Ms: "query p50, ms",
  queryP99Ms: "query p99, ms",
} as const;

/** Whether nothing grew and all that must be so is. */
export function passed(minutes: readonly SoakMinute[], checks: readonly Check[]): boolean {
  return flatness(minutes).every(({ flat }) => flat) && checks.every(({ holds }) => holds);
}
