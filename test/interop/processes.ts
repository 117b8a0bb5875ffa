import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";

/** Path of an installed program; undefined where there is none. */
export function installed(name: string, versionFlag = "--version"): string | undefined {
  for (const path of [name, `/usr/sbin/${name}`]) {
    try {
      execFileSync(path, [versionFlag], { stdio: "ignore", timeout: 30_000 });
      return path;
    } catch {
      // Not there; the next place.
    }
  }
  return undefined;
}

/** A port that nothing uses now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Starts a program whose output is only shown when it fails to do what is waited for. */
export function start(path: string, args: readonly string[]): ChildProcess {
  return spawn(path, [...args], { stdio: "ignore" });
}

/** Ends a program and waits until it has ended. */
export async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(timer);
}
