import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A server under measurement: its own process, its own folder, its own figures from the operating system. */
export interface MeasuredServer {
  /** CPU seconds so far, user and system, all threads. */
  cpuSeconds(): number;
  /** Resident set, bytes. */
  rssBytes(): number;
  diskBytes(): number;
  /** CPU seconds so far of every thread, by thread id: the main thread's is the process id. */
  threads(): ReadonlyMap<number, number>;
  readonly folder: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const TICKS_PER_SECOND = 100;

/** Starts a command and waits until `ready` says so (at most 60 s). */
export async function startServer(
  command: string,
  args: (folder: string) => readonly string[],
  ready: () => Promise<boolean>,
  env: Readonly<Record<string, string>> = {},
): Promise<MeasuredServer> {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-bench-"));
  const child = spawn(command, [...args(folder)], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...env },
  });
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", () => child.kill("SIGKILL"));
  const deadline = Date.now() + 60_000;
  while (!(await ready().catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode} before it was ready`);
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`${command} was not ready within 60 s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const pid = child.pid as number;
  return {
    folder,
    pid,
    stop,
    cpuSeconds: () => cpuOf(`/proc/${pid}/stat`),
    threads() {
      const ids = readdirSync(`/proc/${pid}/task`).map(Number);
      return new Map(ids.map((id) => [id, cpuOf(`/proc/${pid}/task/${id}/stat`)]));
    },
    rssBytes() {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
    },
    diskBytes() {
      return readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, name) => {
        const stat = statSync(join(folder, name), { throwIfNoEntry: false });
        return sum + (stat?.isFile() ? stat.size : 0);
      }, 0);
    },
  };
}

/**
 * Resolves when a server has done next to nothing for half a second, or after 30 s: one that answers before it stores
 * has work left when its senders have none.
 */
export async function untilQuiet(server: MeasuredServer): Promise<void> {
  const deadline = Date.now() + 30_000;
  let before = server.cpuSeconds();
  for (let quiet = 0; quiet < 2 && Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const now = server.cpuSeconds();
    quiet = now - before <= 2 / TICKS_PER_SECOND ? quiet + 1 : 0;
    before = now;
  }
}

/** CPU seconds so far of a process or a thread, by its file in /proc. */
export function cpuOf(statFile: string): number {
  const fields = readFileSync(statFile, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await gone;
  clearTimeout(timer);
}
