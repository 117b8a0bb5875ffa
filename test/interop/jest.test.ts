import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packInto } from "../support/packed-project.ts";

/** As npm's registry has them; a project that has nothing else. */
const PACKAGES = ["jest@30", "@opentelemetry/sdk-node@0.223", "@opentelemetry/api@1"];

/** A test of Jest, whichever way the kit was loaded. */
const BODY = `
  let collector;
  let trace;
  beforeAll(async () => {
    collector = await createTestCollector();
    const child = spawn(process.execPath, ["sender.mjs"], { env: { ...process.env, ...collector.env }, stdio: "inherit" });
    trace = await collector.waitForTrace('{ name = "charge card" }', 40_000);
    await new Promise((done) => (child.exitCode === null ? child.once("exit", done) : done()));
  });
  afterAll(() => collector.close());
  it("has the span", () => expect(trace).toHaveSpan({ name: process.env.WANTED ?? "charge card", attributes: { amount: expect.any(Number) } }));
  it("has the shape", () => expect(trace).toHaveTraceShape({ name: "GET /", service: "shop", children: ["charge card"] }));
  it("has no errors", () => expect(trace).toHaveNoErrors());
  it("has no other", () => expect(trace).not.toHaveSpan({ name: "refund" }));
  it("is within the budget", () => expect([trace]).toBeWithinBudget({ max: 10_000 }));
  it("is as it was", () => expect(trace).toMatchTraceSnapshot());
`;

/** The same without globals, and with tests that fail in each way that there is. */
const FAILING = `
  let collector;
  saveTracesOfFailedTests(() => collector, { folder: "saved" });
  beforeAll(async () => {
    collector = await createTestCollector();
    const child = spawn(process.execPath, ["sender.mjs"], { env: { ...process.env, ...collector.env }, stdio: "inherit" });
    await collector.waitForSpan({ name: "charge card" }, 40_000);
    await new Promise((done) => (child.exitCode === null ? child.once("exit", done) : done()));
  });
  afterAll(() => collector.close());
  describe("orders", () => {
    it("passes", async () => expect(await collector.spans()).toHaveSpan({ name: "charge card" }));
    it("expects another", async () => expect(await collector.spans()).toHaveSpan({ name: "refund" }));
    it("throws", () => { throw new Error("thrown"); });
    it("never ends", () => new Promise(() => {}), 50);
  });
`;

/** Sends by what the environment says and no more. */
const SENDER = `
  import { trace } from "@opentelemetry/api";
  import { NodeSDK } from "@opentelemetry/sdk-node";
  const sdk = new NodeSDK({ serviceName: "shop" });
  sdk.start();
  const tracer = trace.getTracer("shop");
  tracer.startActiveSpan("GET /", (root) => {
    tracer.startSpan("charge card", { attributes: { amount: 12 } }).end();
    root.end();
  });
  await sdk.shutdown();
`;

describe("the kit of the packed package in Jest, installed from the registry", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "spanloom-jest-"));
    const archive = packInto(folder);
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({
        name: "try",
        jest: { transform: {}, setupFilesAfterEnv: ["spanloom/jest"], testMatch: ["<rootDir>/*.test.?js"] },
      }),
    );
    const done = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--silent", archive, ...PACKAGES], {
      cwd: folder,
    });
    expect(done.stderr.toString()).toBe("");
    writeFileSync(join(folder, "sender.mjs"), SENDER);
    writeFileSync(
      join(folder, "common.test.cjs"),
      `const { spawn } = require("node:child_process"); const { createTestCollector } = require("spanloom/testing"); ${BODY}`,
    );
    writeFileSync(
      join(folder, "module.test.mjs"),
      `import { spawn } from "node:child_process"; import { createTestCollector } from "spanloom/testing"; ${BODY}`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function jest(file: string, env: NodeJS.ProcessEnv = {}, ...args: string[]) {
    const flags = file.endsWith(".mjs") ? ["--experimental-vm-modules"] : [];
    const { NODE_OPTIONS: _, VITEST: __, CI: ___, ...inherited } = process.env;
    const command = [
      ...flags,
      join(folder, "node_modules/jest/bin/jest.js"),
      "--no-cache",
      "--detectOpenHandles",
      // Installed programs start slowly where others do too; five seconds are Jest's own.
      "--testTimeout=60000",
      ...args,
      file,
    ];
    const done = spawnSync(process.execPath, command, { cwd: folder, env: { ...inherited, NO_COLOR: "1", ...env } });
    return { status: done.status, output: `${done.stdout}${done.stderr}` };
  }

  it.each(["common.test.cjs", "module.test.mjs"])("passes, leaves no handle, and fails with the tree: %s", (file) => {
    const first = jest(file);
    expect(first.output).toContain("6 passed");
    expect(first.output).not.toMatch(/open handle|did not exit|torn down/);
    expect(first.status).toBe(0);
    expect(readFileSync(join(folder, "__snapshots__", `${file}.snap`), "utf8")).toContain(
      "charge card (shop, internal)",
    );
    // Under other ids.
    expect(jest(file, {}, "--ci").output).toContain("6 passed");
    const failed = jest(file, { WANTED: "charge cart" });
    expect(failed.status).toBe(1);
    expect(failed.output).toContain('name: expected "charge cart", found "charge card"');
    expect(failed.output).toMatch(/└─ shop {2}charge card/);
  });

  it.each([
    [
      "failing.test.cjs",
      'const { afterAll, beforeAll, describe, expect, it } = require("@jest/globals"); const { spawn } = require("node:child_process"); const { createTestCollector } = require("spanloom/testing"); const { saveTracesOfFailedTests } = require("spanloom/jest");',
    ],
    [
      "failing.test.mjs",
      'import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"; import { spawn } from "node:child_process"; import { createTestCollector } from "spanloom/testing"; import { saveTracesOfFailedTests } from "spanloom/jest";',
    ],
  ])("works without globals, and saves the traces of each test that failed: %s", (file, imports) => {
    writeFileSync(join(folder, file), `${imports}\n${FAILING}`);
    rmSync(join(folder, "saved"), { recursive: true, force: true });
    const { output, status } = jest(file, {}, "--injectGlobals=false");
    expect(output).toContain("3 failed, 1 passed");
    expect(status).toBe(1);
    const saved = readdirSync(join(folder, "saved")).map((name) => name.replace(/-[0-9a-f]{32}\.html$/, ""));
    expect(saved.sort()).toEqual(["expects-another", "never-ends", "throws"]);
    expect(output).toMatch(/expects another: its traces are in\n {2}\S+expects-another-[0-9a-f]{32}\.html/);
  });
});
