import { spawn } from "node:child_process";
import { constants } from "node:os";

/** As shells have them. */
const NOT_FOUND = 127;
const NOT_STARTED = 126;
const SIGNAL_BASE = 128;

const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const satisfies NodeJS.Signals[];
/** A terminal sends these to the command itself, too. */
const OF_TERMINALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGHUP"];

export interface CommandEnd {
  /** As a shell would tell it. */
  readonly code: number;
  /** Why it did not start. */
  readonly failure?: string;
}

/**
 * Runs a command with the streams of this process, passes signals on to it, and waits until it has ended. A signal does
 * not end this process meanwhile.
 */
export async function runChild(words: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandEnd> {
  const [command = "", ...args] = words;
  const child = spawn(command, args, { stdio: "inherit", env, shell: false });
  const handlers = PASSED_ON.map((signal) => {
    const pass = () => {
      if (process.stdin.isTTY === true && OF_TERMINALS.includes(signal)) return;
      child.kill(signal);
    };
    process.on(signal, pass);
    return { signal, pass };
  });
  try {
    return await new Promise<CommandEnd>((resolve) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        if (child.pid !== undefined) return;
        resolve(
          error.code === "ENOENT"
            ? { code: NOT_FOUND, failure: `${command}: not found` }
            : { code: NOT_STARTED, failure: `${command}: cannot be started: ${error.code ?? error.message}` },
        );
      });
      child.once("exit", (code, signal) => {
        resolve({ code: code ?? SIGNAL_BASE + (signal === null ? 0 : constants.signals[signal]) });
      });
    });
  } finally {
    for (const { signal, pass } of handlers) process.off(signal, pass);
  }
}
