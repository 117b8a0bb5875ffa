import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
    trace = await collector.waitForTrace('{ name = "charge card" }', 4000);
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
});
