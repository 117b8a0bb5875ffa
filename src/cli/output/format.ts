/** `1.24 s`, `12.5 ms`, `830 µs`, `40 ns`; ns in. Negative durations keep their sign. */
export function formatDuration(nanos: number): string {
  const size = Math.abs(nanos);
  if (size >= 1e9) return `${trim(nanos / 1e9)} s`;
  if (size >= 1e6) return `${trim(nanos / 1e6)} ms`;
  if (size >= 1e3) return `${trim(nanos / 1e3)} µs`;
  return `${nanos} ns`;
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Local date and time to the millisecond; ns since the epoch in. */
export function formatTime(nanos: bigint): string {
  const date = new Date(Number(nanos / 1_000_000n));
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

/** Text from strangers made safe for a terminal: control and bidirectional override characters become visible. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}

/** Escape codes where the stream is a terminal that wants them (https://no-color.org). */
export function styleFor(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Style {
  const on = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  const wrap = (code: number) => (text: string) => (on ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: wrap(1), dim: wrap(2), red: wrap(31) };
}

/** Columns as wide as their widest cell; numbers stand right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = head.map((name, i) =>
    rows.reduce((widest, row) => Math.max(widest, [...(row[i] as string)].length), name.length),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const space = " ".repeat(Math.max(0, (widths[i] as number) - [...cell].length));
        return right.includes(i) ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return `${[line(head), ...rows.map(line)].join("\n")}\n`;
}
