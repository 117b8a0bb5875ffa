/** What is done, on stderr where that is a terminal; silent everywhere else, so that output stays for scripts. */
export interface Progress {
  /** A bar. */
  update(done: number, total: number, note: string): void;
  /** A number, where nobody knows how much there is to do. */
  count(done: number, note: string): void;
  stop(): void;
}

export async function createProgress(unit: string, quiet: boolean): Promise<Progress> {
  if (quiet || process.stderr.isTTY !== true) return { update() {}, count() {}, stop() {} };
  const { Presets, SingleBar } = (await import("cli-progress")).default;
  const create = (format: string) =>
    new SingleBar({ format, stream: process.stderr, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  let bar: InstanceType<typeof SingleBar> | undefined;
  const show = (format: string, done: number, total: number, note: string) => {
    if (bar !== undefined) return bar.update(done, { note });
    bar = create(format);
    bar.start(total, done, { note });
  };
  return {
    update: (done, total, note) => show(`{bar} {percentage}% {value}/{total} ${unit} {note}`, done, total, note),
    count: (done, note) => show(`{value} ${unit} {note}`, done, Number.MAX_SAFE_INTEGER, note),
    stop: () => bar?.stop(),
  };
}
