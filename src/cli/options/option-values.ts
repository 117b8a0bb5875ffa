import { InvalidArgumentError } from "commander";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../model/time.ts";
import { parseGoDuration } from "../../query/params.ts";

/** An http or https URL, as it was written. */
export function checkUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new InvalidArgumentError("expected an http or https URL such as http://collector:4318");
  }
  return text;
}

/** As `checkUrl`, where nothing could be done with a user and a password. */
export function checkEndpoint(text: string): string {
  const { username, password } = new URL(checkUrl(text));
  if (username === "" && password === "") return text;
  throw new InvalidArgumentError("expected a URL without user and password, which receivers of spans do not ask for");
}

export function parsePositive(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 1e9) {
    throw new InvalidArgumentError("expected a whole number of at least 1");
  }
  return value;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** `500ms`, `30s`, `5m`, `1h`, `2d` as milliseconds. */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("expected a duration such as 30s, 5m or 1h");
  return Math.round(Number(match[1]) * (UNITS[match[2] as string] as number));
}

/** For `--lookback`, as the search API reads it: it takes what it cannot read for no lookback at all. */
export function checkLookback(text: string): string {
  if (!/^(?:\d+[dw]|(?:\d+(?:\.\d+)?(?:ms|s|m|h))+)$/.test(text) || !/[1-9]/.test(text)) {
    throw new InvalidArgumentError("expected a duration above 0 such as 15m, 1h30m or 2d");
  }
  return text;
}

/** For a name to look for. An empty one, of a shell's unset variable, would find everything. */
export function checkName(text: string): string {
  if (text === "") throw new InvalidArgumentError("expected a name, found nothing");
  if (text.startsWith("--")) throw new InvalidArgumentError("expected a name, found a flag");
  return text;
}

/** For the bounds of a duration, as the search API reads them: Go's form. */
export function checkDuration(text: string): string {
  if (parseGoDuration(text) === undefined) {
    throw new InvalidArgumentError("expected a duration with its unit such as 1.5s, 200ms or 50us");
  }
  return text;
}

/** A time of the local clock, one with its zone, or a number since the epoch, as microseconds since then. */
export function parseTime(text: string): string {
  if (/^\d{1,19}$/.test(text)) return text;
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(/T| /.test(text) ? text : `${text}T00:00`) : Number.NaN;
  if (!(ms >= 0)) {
    throw new InvalidArgumentError("expected a time such as 2026-03-05T12:30, or microseconds since the epoch");
  }
  return String(ms * 1_000);
}

/** How long ago, or a time as `parseTime` takes it: ms since the epoch. */
export function parseSince(text: string): number {
  if (/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(text)) return Date.now() - parseDurationMs(text);
  try {
    return Math.floor(Number(parseTime(text)) / 1_000);
  } catch {
    throw new InvalidArgumentError("expected a duration such as 1h, or a time such as 2026-03-05T12:30");
  }
}

/** For a repeatable `--tag <key=value>`. */
export function collectTag(text: string, previous: readonly string[] = []): readonly string[] {
  if (text.indexOf("=") < 1) throw new InvalidArgumentError("expected key=value");
  return [...previous, text];
}

/** Collected tags as the search API takes them: a JSON object. */
export function tagsJson(tags: readonly string[]): string {
  return JSON.stringify(
    Object.fromEntries(tags.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)])),
  );
}
