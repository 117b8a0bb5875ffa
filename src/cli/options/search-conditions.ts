import type { Command } from "commander";
import { PermanentError } from "../../component/errors.ts";
import { parseGoDuration } from "../../query/params.ts";
import { checkDuration, checkLookback, checkName, collectTag, parseTime, tagsJson } from "./option-values.ts";

/** Which traces: those with a span that meets every condition. */
export interface Conditions {
  /** TraceQL, instead of the conditions below but for times. */
  readonly query?: string;
  readonly service?: string;
  readonly operation?: string;
  readonly tag?: readonly string[];
  readonly errors: boolean;
  readonly minDuration?: string;
  readonly maxDuration?: string;
  readonly lookback?: string;
  /** Microseconds since the epoch. */
  readonly start?: string;
  readonly end?: string;
}

/** The conditions that every command takes which works on some traces. */
export function addConditions(command: Command): Command {
  return command
    .option("-q, --query <traceql>", "instead of the conditions below but times: '{ status = error }'", checkName)
    .option("-s, --service <name>", "a span of this service", checkName)
    .option("-o, --operation <name>", "a span of this name", checkName)
    .option("-t, --tag <key=value>", "a span with this attribute (repeatable)", collectTag)
    .option("--errors", "a span with an error", false)
    .option("--min-duration <duration>", "a span at least this long: 1.5s, 200ms, 50us", checkDuration)
    .option("--max-duration <duration>", "a span at most this long", checkDuration)
    .option("--lookback <duration>", "a span that began this recently: 15m, 2h, 3d", checkLookback);
}

/** A time range beside a look-back. */
export function addTimes(command: Command): Command {
  return command
    .option("--start <time>", "a span that began then or later: 2026-03-05T12:30, or µs since the epoch", parseTime)
    .option("--end <time>", "a span that began then or earlier", parseTime);
}

/** The parameters of the read APIs for these flags. Throws PermanentError `bad_request` where they contradict. */
export function searchQuery(flags: Conditions): URLSearchParams {
  const [least, most] = [flags.minDuration, flags.maxDuration].map((text) => parseGoDuration(text ?? ""));
  if (least !== undefined && most !== undefined && most < least) {
    throw new PermanentError(
      "bad_request",
      `--max-duration ${flags.maxDuration}: expected at least --min-duration, which is ${flags.minDuration}`,
    );
  }
  if (flags.lookback !== undefined && flags.start !== undefined) {
    throw new PermanentError("bad_request", "--lookback and --start: expected one of them");
  }
  if (flags.start !== undefined && flags.end !== undefined && BigInt(flags.end) < BigInt(flags.start)) {
    throw new PermanentError("bad_request", "--end: expected a time that is not before --start");
  }
  checkQuery(flags);
  const query = new URLSearchParams();
  if (flags.query !== undefined) query.set("q", flags.query);
  const names = ["service", "operation", "minDuration", "maxDuration", "lookback", "start", "end"] as const;
  for (const name of names) {
    const value = flags[name];
    if (value !== undefined) query.set(name, value);
  }
  const tags = [...(flags.tag ?? []), ...(flags.errors ? ["error=true"] : [])];
  if (tags.length > 0) query.set("tags", tagsJson(tags));
  return query;
}

/** The conditions with a query from the command line itself. Throws PermanentError `bad_request` for two queries. */
export function withQuery<T extends Conditions>(argument: string | undefined, flags: T): T {
  if (argument === undefined) return flags;
  if (flags.query !== undefined) throw new PermanentError("bad_request", "--query: expected one query, found two");
  return { ...flags, query: checkName(argument) };
}

function checkQuery({ query, service, operation, tag, errors, minDuration, maxDuration }: Conditions): void {
  if (query === undefined) return;
  const plain = {
    "--service": service !== undefined,
    "--operation": operation !== undefined,
    "--tag": (tag ?? []).length > 0,
    "--errors": errors,
    "--min-duration": minDuration !== undefined,
    "--max-duration": maxDuration !== undefined,
  };
  const beside = Object.entries(plain).find(([, given]) => given)?.[0];
  if (beside === undefined) return;
  throw new PermanentError(
    "bad_request",
    `--query and ${beside}: expected one of them; a query in TraceQL says it all`,
  );
}
