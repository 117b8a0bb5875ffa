import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { freePort } from "../support/free-port.ts";

/** Starts of one server before its last exit is told; a restart waits RETRY_MS between them for its port. */
const ATTEMPTS = 10;
const RETRY_MS = 500;
const READY_MS = 120_000;
const PROBE_MS = 50;
const PROBE_TIMEOUT_MS = 5_000;
/** Characters of a program's output that an error shows. */
const OUTPUT_TAIL = 2_000;

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

export interface ServerSettings {
  readonly path: string;
  /** How many ports the server listens on. */
  readonly ports?: number;
  readonly args: (ports: readonly number[]) => readonly string[];
  readonly env?: (ports: readonly number[]) => Readonly<Record<string, string>>;
  /** Throws, or gives false, until the server answers. */
  readonly ready: (ports: readonly number[]) => Promise<unknown>;
  readonly choosePort?: () => Promise<number>;
}

/**
 * A server of others: its first start takes free ports, which it keeps when it is started again. A start that ends at
 * once is tried again, the first with other ports; the error then shows what the program wrote.
 */
export class ServerProgram {
  readonly #settings: ServerSettings;
  #ports: readonly number[] | undefined;
  #process: ChildProcess | undefined;

  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  /** The `index`th of its ports, from the first start on. */
  port(index = 0): number {
    const port = this.#ports?.[index];
    if (port === undefined) throw new Error(`${this.#settings.path} has not been started`);
    return port;
  }

  /** Resolves when the server answers. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const ports = this.#ports ?? (await this.#choosePorts());
      try {
        await this.#startOn(ports);
        this.#ports = ports;
        return;
      } catch (error) {
        if (!(error instanceof ExitedError) || attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, this.#ports === undefined ? 0 : RETRY_MS));
      }
    }
  }

  /** Resolves when the process has ended. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  }

  async #choosePorts(): Promise<readonly number[]> {
    const ports = new Set<number>();
    while (ports.size < (this.#settings.ports ?? 1)) ports.add(await (this.#settings.choosePort ?? freePort)());
    return [...ports];
  }

  async #startOn(ports: readonly number[]): Promise<void> {
    const { path, args, env, ready } = this.#settings;
    const child = spawn(path, [...args(ports)], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env?.(ports) },
    });
    this.#process = child;
    let output = "";
    const gather = (chunk: Buffer): void => {
      output = `${output}${chunk}`.slice(-OUTPUT_TAIL);
    };
    child.stdout.on("data", gather);
    child.stderr.on("data", gather);
    const where = `${path} on port ${ports.join(", ")}`;
    const exited = new Promise<never>((_resolve, reject) => {
      const fail = (how: string): void => reject(new ExitedError(`${where}: ${how}; it wrote: ${output}`));
      child.once("error", (error) => fail(error.message));
      child.once("close", (code, signal) => fail(`ended with ${signal ?? `status ${code}`}`));
    });
    exited.catch(() => undefined);
    const deadline = performance.now() + READY_MS;
    for (;;) {
      // What answers there may be another program: only a process that goes on running has started.
      const problem = await Promise.race([exited, this.#probe(() => ready(ports))]);
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, PROBE_MS))]);
      if (problem === undefined) return;
      if (performance.now() > deadline) {
        await this.stop();
        throw new Error(`${where} does not answer: ${problem}; it wrote: ${output}`);
      }
    }
  }

  async #probe(ready: () => Promise<unknown>): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve("no answer in time"), PROBE_TIMEOUT_MS);
    });
    const asked = ready().then(
      (answer) => (answer === false ? "not ready" : undefined),
      (error: unknown) => error,
    );
    const problem = await Promise.race([asked, late]);
    clearTimeout(timer);
    return problem;
  }
}

class ExitedError extends Error {}
