import type { LogFields, Logger, LogLevel } from "../component/logger.ts";
import { BoundedMap } from "../model/collections/bounded-map.ts";

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface LoggerSettings {
  readonly level: LogLevel;
  /** `json`: one object a line; `text`: for people. */
  readonly format: "json" | "text";
  readonly write: (line: string) => void;
  readonly now: () => number;
}

/** A repeated message is written once in this time, ms; then with the number of times it was held back. */
const REPEAT_WINDOW_MS = 10_000;
const REMEMBERED_MESSAGES = 200;

/**
 * Fields that say what a line is about: one of another receiver or setting is no repetition. None of them holds what
 * strangers choose, who could write as many lines as they like.
 */
const SUBJECT = ["exporter", "receiver", "transport", "setting", "segment", "file", "at"] as const;

/**
 * Structured logs, one line each. The same level and message about the same thing (`SUBJECT`) within 10 s is held back
 * and counted: the next line that is written for it carries `repeated`. Values are never trusted to be one line: line
 * breaks are escaped.
 */
export function createLogger(settings: LoggerSettings): Logger {
  const seen = new BoundedMap<string, { since: number; held: number }>(REMEMBERED_MESSAGES);

  function log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (ORDER[level] < ORDER[settings.level]) return;
    const now = settings.now();
    const key = [level, message, ...SUBJECT.map((name) => fields[name] ?? "")].join("\0");
    const last = seen.get(key);
    if (last !== undefined && now - last.since < REPEAT_WINDOW_MS && level !== "info" && level !== "debug") {
      last.held++;
      return;
    }
    const repeated = last?.held ?? 0;
    seen.set(key, { since: now, held: 0 });
    settings.write(render(level, message, repeated > 0 ? { ...fields, repeated } : fields, now));
  }

  function render(level: LogLevel, message: string, fields: LogFields, now: number): string {
    const time = new Date(now).toISOString();
    if (settings.format === "json") return `${JSON.stringify({ time, level, message, ...fields })}\n`;
    const pairs = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${typeof value === "string" ? quote(value) : value}`)
      .join("");
    return `${time} ${level.padEnd(5)} ${oneLine(message)}${pairs}\n`;
  }

  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
  };
}

function quote(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : JSON.stringify(text);
}

function oneLine(text: string): string {
  return text.replaceAll("\r", "\\r").replaceAll("\n", "\\n");
}
