import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const APPS = fileURLToPath(new URL("../e2e/apps/", import.meta.url));

export interface AppProcess {
  readonly url: string;
  /** Flushes its spans and ends. */
  stop(): Promise<void>;
}

/** Starts one of test/e2e/apps under the official SDK and waits until it listens. */
export async function startApp(file: string, environment: Readonly<Record<string, string>>): Promise<AppProcess> {
  const child = fork(`${APPS}${file}`, {
    execArgv: ["--require", `${APPS}tracing.cjs`],
    env: { PATH: process.env.PATH ?? "", ...environment },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { url: string }).url));
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code} before it listened`)));
  });
  return { url, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.send("stop");
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await gone;
  clearTimeout(timer);
}
