import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { afterEach, expect, it } from "vitest";
import { plainEnvironment } from "../../../test/support/collector-process.ts";
import { EXIT } from "../output/exit-codes.ts";

const MAIN = resolve(import.meta.dirname, "../../../dist/cli/main.js");

let child: ChildProcess | undefined;
afterEach(() => void child?.kill("SIGKILL"));

const ON_FREE_PORTS = [
  ...["--storage", "memory", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "0.0.0.0:0"],
  ...["--ui", "127.0.0.1:0", "--registry-api", "127.0.0.1:0"],
];

/** The command with what it has written to both streams. */
function start(args: readonly string[]) {
  const program = spawn(process.execPath, [MAIN, ...args], { env: plainEnvironment() });
  child = program;
  const written = { out: "", err: "" };
  program.stdout.on("data", (chunk: Buffer) => {
    written.out += chunk.toString();
  });
  program.stderr.on("data", (chunk: Buffer) => {
    written.err += chunk.toString();
  });
  return { program, written, ended: once(program, "close").then(([code]) => code as number) };
}

function parsed(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const JSON_LINES = ["--set", "telemetry.logs.format=json"];

it("writes nothing but JSON where it is told to, from the start to the end", async () => {
  const { program, written, ended } = start([...ON_FREE_PORTS, ...JSON_LINES]);
  await once(program.stdout, "data");
  expect(parsed(written.out)).toEqual([
    expect.objectContaining({
      message: "spanloom is ready",
      "otlp.http": expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1\/traces$/),
      "otlp.http.listens_on": expect.stringMatching(/^0\.0\.0\.0:\d+$/),
    }),
  ]);
  program.kill("SIGTERM");
  expect(await ended).toBe(EXIT.ok);
  const messages = parsed(written.err).map(({ message }) => message);
  expect(messages).toContain("finishing what was taken (again to stop at once)");
});

it("writes a config error as JSON too", async () => {
  const { written, ended } = start([...JSON_LINES, "--set", "ui.endpoints=1"]);
  expect(await ended).toBe(EXIT.usage);
  expect(parsed(written.err)).toEqual([
    expect.objectContaining({
      level: "error",
      code: "config_invalid",
      message: expect.stringContaining("ui.endpoint"),
    }),
  ]);
});

it("shows the real address, and warns once of each listener that other machines reach", async () => {
  const { program, written, ended } = start(ON_FREE_PORTS);
  await once(program.stdout, "data");
  program.kill("SIGTERM");
  await ended;
  expect(written.out).toMatch(/OTLP\/HTTP +http:\/\/127\.0\.0\.1:\d+\/v1\/traces {2}\(listens on 0\.0\.0\.0:\d+\)/);
  expect(written.out).toMatch(/OTLP\/gRPC +127\.0\.0\.1:\d+\n/);
  const warned = written.err.split("\n").filter((line) => line.includes("reached from other machines"));
  expect(warned.map((line) => /setting=(\S+)/.exec(line)?.[1])).toEqual(["receivers.otlp.protocols.http.endpoint"]);
});
