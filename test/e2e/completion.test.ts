import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { MAIN } from "../support/collector-process.ts";
import { describeWhere } from "../support/requires.ts";

/** For a shell to show what is wanted, on a busy machine. */
const PATIENCE_MS = 20_000;
const TRIES = 4;
const TEST_MS = 90_000;
/** Ctrl-U. */
const KILL_LINE = "\u0015";
/** Makes a terminal for a shell. */
const SCRIPT = "/usr/bin/script";
const [bash, zsh, fish] = ["bash", "zsh", "fish"].map((shell) =>
  ["/bin", "/usr/bin", "/usr/local/bin"].map((folder) => join(folder, shell)).find(existsSync),
);
const terminal = process.platform === "linux" && existsSync(SCRIPT);

let folder: string;
let collector: Collector;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-completion-"));
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "fish", "completions"), { recursive: true });
  writeFileSync(join(folder, "bin", "spanloom"), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(join(folder, "bin", "spanloom"), 0o755);
  writeFileSync(join(folder, "recording.jsonl"), "");
  for (const [shell, file] of [
    ["bash", "bash.sh"],
    ["zsh", "_spanloom"],
    ["fish", "fish/completions/spanloom.fish"],
  ]) {
    writeFileSync(join(folder, file as string), execFileSync(process.execPath, [MAIN, "completion", shell as string]));
  }
  collector = await createCollector();
  const spans = ["order desk", "orders"].map((service, i) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
    scopeSpans: [{ spans: [{ traceId: `${i + 1}`.repeat(32), spanId: "1".repeat(16), name: `${service} GET` }] }],
  }));
  await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: spans }),
  });
});
afterAll(async () => {
  await collector.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

const shells: Shell[] = [];
afterEach(() => {
  for (const shell of shells.splice(0)) shell.kill();
});

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: `${join(folder, "bin")}:${process.env.PATH}`,
    HOME: folder,
    TERM: "xterm",
    SPANLOOM_URL: collector.endpoints.ui,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
  };
}

/** An interactive shell in a terminal: what it shows gathers, and keys can be pressed. */
class Shell {
  readonly #child: ChildProcess;
  #shown = "";
  #changed = () => {};

  constructor(command: string) {
    this.#child = spawn(SCRIPT, ["-qfec", command, "/dev/null"], {
      cwd: folder,
      env: environment(),
      stdio: ["pipe", "pipe", "ignore"],
    });
    shells.push(this);
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.#shown += stripVTControlCharacters(chunk.toString());
      this.#changed();
    });
  }

  /** Presses keys, and waits until what is shown since then fits. */
  async type(keys: string, wanted: RegExp, patienceMs = PATIENCE_MS): Promise<void> {
    this.#shown = "";
    this.#child.stdin?.write(keys);
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`${JSON.stringify(keys)} shows ${this.#shown}`)), patienceMs);
      this.#changed = () => {
        if (!wanted.test(this.#shown)) return;
        clearTimeout(timer);
        done();
      };
      this.#changed();
    });
  }

  /** Completes a line: again where nothing came, as a user does, since a busy collector is waited for half a second. */
  async complete(line: string, wanted: RegExp): Promise<void> {
    const keys = `${KILL_LINE}${line}`;
    for (let tries = 1; tries < TRIES; tries++) {
      try {
        return await this.type(keys, wanted, PATIENCE_MS / TRIES);
      } catch {
        // The last try says what stands there.
      }
    }
    await this.type(keys, wanted);
  }

  /** Does nothing after `end`. */
  kill(): void {
    this.#child.kill();
  }

  async end(): Promise<void> {
    const gone = new Promise((done) => this.#child.once("exit", done));
    this.#child.stdin?.write(`${KILL_LINE}exit\r`);
    this.#child.stdin?.end();
    await gone;
  }
}

/** What completes in every interactive shell: keys, a tab, and what then stands there. */
const LINES: readonly (readonly [typed: string, shows: RegExp])[] = [
  ["spanloom rep\t", /spanloom replay /],
  ["spanloom config pri\t", /config print /],
  ["spanloom search --min\t", /--min-duration /],
  ["spanloom --storage mem\t", /--storage memory /],
  ["spanloom serve --storage=mem\t", /--storage=memory /],
  ["spanloom search --service orders\t", /orders /],
  ["spanloom search --service order\\ \t", /order\\ desk /],
  ["spanloom list operations orders\t", /orders /],
  ["spanloom trace 2\t", /trace 2{32} /],
  ["spanloom replay rec\t", /recording\.jsonl /],
  ["spanloom --set storage.ki\t", /storage\.kind=/],
];

describeWhere(
  terminal && bash !== undefined,
  "bash, or the script of util-linux, is missing",
  "completion in bash",
  () => {
    it(
      "completes commands, flags, values, and what the collector knows",
      async () => {
        const shell = new Shell(`${bash} --norc --noprofile -i`);
        await shell.type(
          "PS1='READY> '; bind 'set bell-style none'; source bash.sh; echo loa''ded\r",
          /loaded[\s\S]*READY> /,
        );
        for (const [typed, shows] of LINES) {
          await shell.complete(typed, shows);
        }
        await shell.end();
      },
      TEST_MS,
    );
  },
);

describeWhere(
  terminal && zsh !== undefined,
  "zsh, or the script of util-linux, is missing",
  "completion in zsh",
  () => {
    const load = {
      "sourced by hand": "source ./_spanloom",
      "found by compinit": `fpath=(${"$PWD"} $fpath); autoload -Uz compinit; compinit -u -D`,
    };
    it.each(Object.entries(load))(
      "completes the same, %s",
      async (_how, command) => {
        const shell = new Shell(`${zsh} -f -i`);
        await shell.type(
          `PS1='READY> '; unsetopt beep zle_bracketed_paste; ${command}; echo loa''ded\r`,
          /loaded[\s\S]*READY> /,
        );
        for (const [typed, shows] of LINES) {
          await shell.complete(typed, shows);
        }
        await shell.end();
      },
      TEST_MS,
    );
  },
);

describeWhere(fish !== undefined, "fish is missing", "completion in fish", () => {
  /** What fish offers for a line, each with its description. */
  const offered = (line: string) =>
    new Promise<string[]>((done, fail) => {
      const child = spawn(fish as string, ["-c", `complete -C ${JSON.stringify(line)}`], {
        cwd: folder,
        env: environment(),
      });
      let out = "";
      child.stdout.on("data", (chunk: Buffer) => {
        out += chunk.toString();
      });
      child.once("error", fail);
      child.once("close", () => done(out.trimEnd().split("\n")));
    });

  it(
    "offers commands, flags, values, and what the collector knows",
    async () => {
      await expect
        .poll(() => offered("spanloom rep"), { timeout: PATIENCE_MS })
        .toEqual([expect.stringMatching(/^replay\tsend recorded spans/)]);
      await expect
        .poll(() => offered("spanloom config pri"), { timeout: PATIENCE_MS })
        .toEqual([expect.stringMatching(/^print\t/)]);
      await expect
        .poll(() => offered("spanloom search --min"), { timeout: PATIENCE_MS })
        .toEqual([expect.stringMatching(/^--min-duration\t/)]);
      await expect.poll(() => offered("spanloom --storage mem"), { timeout: PATIENCE_MS }).toEqual(["memory"]);
      await expect
        .poll(() => offered("spanloom search --service order"), { timeout: PATIENCE_MS })
        .toEqual(["order desk", "orders"]);
      await expect
        .poll(() => offered("spanloom list operations ord"), { timeout: PATIENCE_MS })
        .toEqual(["order desk", "orders"]);
      await expect
        .poll(() => offered("spanloom trace 2"), { timeout: PATIENCE_MS })
        .toEqual([expect.stringMatching(/^2{32}\torders orders GET/)]);
      await expect.poll(() => offered("spanloom replay rec"), { timeout: PATIENCE_MS }).toEqual(["recording.jsonl"]);
      await expect
        .poll(() => offered("spanloom --set storage.ki"), { timeout: PATIENCE_MS })
        .toEqual(["storage.kind="]);
    },
    TEST_MS,
  );
});
