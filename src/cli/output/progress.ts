/** A bar on stderr where that is a terminal; silent everywhere else, so that output stays for scripts. */
export interface Progress {
  update(done: number, total: number, note: string): void;
  stop(): void;
}

export async function createProgress(unit: string, quiet: boolean): Promise<Progress> {
  if (quiet || process.stderr.isTTY !== true) return { update() {}, stop() {} };
  const { Presets, SingleBar } = (await import("cli-progress")).default;
  const bar = new SingleBar(
    { format: `{bar} {percentage}% {value}/{total} ${unit} {note}`, stream: process.stderr, hideCursor: true },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update(done, total, note) {
      if (!started) {
        bar.start(total, done, { note });
        started = true;
      } else bar.update(done, { note });
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
