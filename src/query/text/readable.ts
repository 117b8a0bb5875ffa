import { TIME_CLASS, timeClassOf } from "../../model/span-times.ts";

/** Stands for a time that is none. */
const NO_TIME = "–";

/** Local date and time to the millisecond; ns since the epoch in, a dash out for what is no time (TIME_CLASS). */
export function formatTime(nanos: bigint): string {
  if (timeClassOf(nanos) === TIME_CLASS.none) return NO_TIME;
  const { day, time, millis } = timeParts(nanos);
  return `${day} ${time}.${millis}`;
}

/** Local time to the second, and the date where it is not that of `now`; ns since the epoch in, a dash out as above. */
export function formatShortTime(nanos: bigint, now: Date): string {
  if (timeClassOf(nanos) === TIME_CLASS.none) return NO_TIME;
  const { day, time } = timeParts(nanos);
  const today = timeParts(BigInt(now.getTime()) * 1_000_000n).day;
  return day === today ? time : `${day} ${time}`;
}

function timeParts(nanos: bigint): { readonly day: string; readonly time: string; readonly millis: string } {
  const date = new Date(Number(nanos / 1_000_000n));
  const digits = (value: number, width = 2) => String(value).padStart(width, "0");
  return {
    day: `${date.getFullYear()}-${digits(date.getMonth() + 1)}-${digits(date.getDate())}`,
    time: `${digits(date.getHours())}:${digits(date.getMinutes())}:${digits(date.getSeconds())}`,
    millis: digits(date.getMilliseconds(), 3),
  };
}

/**
 * Text from strangers made safe for terminals and assistants: control characters, those that turn the direction of
 * text, and those that nobody sees (line separators, joiners of words, tags) become visible.
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0)?.toString(16) ?? "";
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
}

const UNSEEN = new RegExp(
  [
    "[\\u0000-\\u001f\\u007f-\\u009f",
    "\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb",
    "\\u{e0000}-\\u{e007f}]",
  ].join(""),
  "gu",
);

/** `1 span`, `2 spans`. */
export function count(number: number, one: string, several = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`;
}

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}
