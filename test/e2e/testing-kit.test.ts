import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packedProject } from "../support/packed-project.ts";

/** What the programs below share: a span of a child process that knows nothing of the kit but its environment. */
const SENDER = `
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url, NAME: name, SPANS: count } = process.env;
  const spans = Array.from({ length: Number(count ?? 2) }, (_, i) => ({
    traceId: process.env.TRACE ?? "0af7651916cd43dd8448eb211c80319c",
    spanId: String(i + 1).padStart(16, "0"), ...(i === 0 ? {} : { parentSpanId: "1".padStart(16, "0") }),
    name: i === 0 ? "GET /" : name, kind: i === 0 ? 2 : 3,
    startTimeUnixNano: "1700000000000000000", endTimeUnixNano: "1700000000005000000",
  }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
  await fetch(url, { method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }) });
`;

/** The trace that it sends. */
const TRACE = "0af7651916cd43dd8448eb211c80319c";

/** A test of node:test, whichever way the kit was loaded. */
const NODE_TEST = `
  test("waits, forgets and leaves no handle", async () => {
    const collector = await createTestCollector();
    const { promise: ended, resolve } = Promise.withResolvers();
    execFile(process.execPath, ["sender.mjs"], { env: { ...process.env, ...collector.env, NAME: "charge card" } }, resolve);
    const span = await collector.waitForSpan({ name: "charge card", kind: "client" }, 20_000);
    assert.equal(span.service, "shop");
    assert.equal((await collector.waitForTrace('{ name = "charge card" }')).spans.length, 2);
    await ended;
    await collector.reset();
    assert.deepEqual(await collector.traces(), []);
    await assert.rejects(collector.waitForTrace("1".repeat(32), 1), /No span arrived at all/);
    const others = await Promise.all([createTestCollector(), createTestCollector()]);
    assert.equal(new Set([collector, ...others].map(({ url }) => url)).size, 3);
    await Promise.all([collector, ...others].map((one) => one.close()));
    const left = process.getActiveResourcesInfo().filter((name) => /^TCPServer|^Timeout/.test(name));
    assert.deepEqual(left, before);
  });
`;

describe("the kit of the packed package, in a project that has nothing else", () => {
  let folder: string;
  let app: string;
  beforeAll(() => {
    folder = packedProject(["vitest"]);
    app = join(folder, "app");
    writeFileSync(join(app, "sender.mjs"), SENDER);
    writeFileSync(join(app, "vitest.config.mjs"), 'export default { test: { include: ["vitest/**/*.test.mjs"] } };');
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(args: readonly string[]): { readonly status: number | null; readonly output: string } {
    const { VITEST: _, NODE_OPTIONS: __, NODE_TEST_CONTEXT: ___, ...env } = process.env;
    const done = spawnSync(process.execPath, args, {
      cwd: app,
      env: { ...env, NO_COLOR: "1", CI: "" },
      timeout: 60_000,
    });
    return { status: done.status, output: `${done.stdout}${done.stderr}` };
  }

  it.each([
    [
      "kit.test.mjs",
      'import { createTestCollector } from "spanloom/testing"; import test from "node:test"; import assert from "node:assert/strict"; import { execFile } from "node:child_process";',
    ],
    [
      "kit.test.cjs",
      'const { createTestCollector } = require("spanloom/testing"); const test = require("node:test"); const assert = require("node:assert/strict"); const { execFile } = require("node:child_process");',
    ],
  ])("works in node:test: %s", (file, imports) => {
    const before =
      "const before = process.getActiveResourcesInfo().filter((name) => /^TCPServer|^Timeout/.test(name));";
    writeFileSync(join(app, file), `${imports}\n${before}\n${NODE_TEST}`);
    const { status, output } = run(["--test", file]);
    expect(output).toContain("pass 1");
    expect(status).toBe(0);
  });

  it.each([
    [
      "failing.test.mjs",
      'import test, { after, before, describe } from "node:test"; import { execFile } from "node:child_process"; import { createTestCollector } from "spanloom/testing"; import { saveTracesOfFailedTests } from "spanloom/node-test";',
    ],
    [
      "failing.test.cjs",
      'const test = require("node:test"); const { after, before, describe } = test; const { execFile } = require("node:child_process"); const { createTestCollector } = require("spanloom/testing"); const { saveTracesOfFailedTests } = require("spanloom/node-test");',
    ],
  ])("saves the traces of each test of node:test that failed: %s", (file, imports) => {
    const body = `
      let collector;
      before(async () => {
        collector = await createTestCollector();
        const { promise: ended, resolve } = Promise.withResolvers();
        execFile(process.execPath, ["sender.mjs"], { env: { ...process.env, ...collector.env, NAME: "charge card" } }, resolve);
        await collector.waitForSpan({ name: "charge card" }, 20_000);
        await ended;
      });
      after(() => collector.close());
      saveTracesOfFailedTests(() => collector, { folder: "${file}.saved" });
      test("passes", () => {});
      test("throws", () => { throw new Error("thrown"); });
      test("is left out", { skip: true }, () => {});
      describe("orders", () => {
        test("waits in vain", () => collector.waitForSpan({ name: "refund" }, 1));
        test("never ends", { timeout: 50 }, () => new Promise(() => { setInterval(() => {}, 1000).unref(); }));
      });`;
    writeFileSync(join(app, file), `${imports}\n${body}`);
    // By name: what is the default where nobody looks on changes with the version of Node.
    const { status, output } = run(["--test", "--test-reporter=spec", file]);
    expect(output).toContain("pass 1");
    expect(status).toBe(1);
    const names = ["never-ends", "throws", "waits-in-vain"].map((name) => `${name}-${TRACE}.html`);
    expect(readdirSync(join(app, `${file}.saved`)).sort()).toEqual(names);
    expect(output).toContain(`throws: its traces are in\n  ${join(app, `${file}.saved`, `throws-${TRACE}.html`)}`);
  });

  const vitest = (...args: string[]) =>
    run([join(app, "node_modules/vitest/vitest.mjs"), "run", "--no-cache", "--root", app, ...args]);

  it("works in vitest, with matchers, their types of failure, and snapshots that -u updates", () => {
    mkdirSync(join(app, "vitest"));
    const test = (name: string, trace: string) => `
      import { execFileSync, execFile } from "node:child_process";
      import { createTestCollector } from "spanloom/testing";
      import "spanloom/vitest";
      import { afterAll, beforeAll, expect, it } from "vitest";
      let collector;
      let trace;
      beforeAll(async () => {
        collector = await createTestCollector();
        execFile(process.execPath, ["sender.mjs"],
          { env: { ...process.env, ...collector.env, NAME: ${JSON.stringify(name)}, TRACE: ${JSON.stringify(trace)} } });
        trace = await collector.waitForTrace(${JSON.stringify(trace)}, 20_000);
      });
      afterAll(() => collector.close());
      it("has the span", () => expect(trace).toHaveSpan({ name: "charge card", kind: "client" }));
      it("has the shape", () => expect(trace).toHaveTraceShape({ name: "GET /", children: ["charge card"] }));
      it("has no errors", () => expect(trace).toHaveNoErrors());
      it("is quick", () => expect(trace).toBeWithinBudget({ p95: 5, perTrace: 1 }));
      it("has no other", () => expect(trace).not.toHaveSpan({ name: "refund" }));
      it("is as it was", () => expect(trace).toMatchTraceSnapshot());`;
    const file = join(app, "vitest/shop.test.mjs");
    const snapshot = () => readFileSync(join(app, "vitest/__snapshots__/shop.test.mjs.snap"), "utf8");
    writeFileSync(file, test("charge card", "1".repeat(32)));
    const first = vitest("vitest/shop");
    expect(first.output).toContain("6 passed");
    expect(snapshot()).toContain("charge card (shop, client)");

    // The same again, under another id.
    writeFileSync(file, test("charge card", "2".repeat(32)));
    expect(vitest("vitest/shop").output).toContain("6 passed");

    writeFileSync(file, test("charge twice", "3".repeat(32)));
    const { status, output } = vitest("vitest/shop");
    expect(status).toBe(1);
    expect(output).toContain("3 failed");
    expect(output).toContain('name: expected "charge card", found "charge twice"');
    expect(output).toMatch(/└─ shop {2}charge twice/);
    expect(output).toContain("Snapshot `is as it was 1` mismatched");
    vitest("-u", "vitest/shop");
    expect(snapshot()).toContain("charge twice (shop, client)");
  });

  it("saves the traces of a failed test, and those that came where a wait was in vain", () => {
    mkdirSync(join(app, "vitest/saved"), { recursive: true });
    const test = `
      import { execFile } from "node:child_process";
      import { createTestCollector } from "spanloom/testing";
      import { saveTracesOfFailedTests } from "spanloom/vitest";
      import { afterAll, beforeAll, expect, it } from "vitest";
      let collector;
      beforeAll(async () => {
        collector = await createTestCollector({ traceFolder: "waits" });
        execFile(process.execPath, ["sender.mjs"], { env: { ...process.env, ...collector.env, NAME: "charge card" } });
        await collector.waitForSpan({ name: "charge card" }, 20_000);
      });
      afterAll(() => collector.close());
      saveTracesOfFailedTests(() => collector, { folder: "failed" });
      it("passes", () => expect(1).toBe(1));
      it("charges/once", async () => expect(await collector.spans()).toHaveSpan({ name: "refund" }));
      it("waits", () => expect(collector.waitForTrace('{ name = "refund" }', 50)).resolves.toBeDefined());`;
    writeFileSync(join(app, "vitest/saved/saved.test.mjs"), test);
    const { output } = vitest("vitest/saved");
    expect(output).toContain("2 failed | 1 passed");
    expect(readdirSync(join(app, "failed")).sort()).toEqual([`charges-once-${TRACE}.html`, `waits-${TRACE}.html`]);
    expect(readdirSync(join(app, "waits"))).toEqual([`${TRACE}.html`]);
    expect(output).toContain(join(app, "failed", `charges-once-${TRACE}.html`));
    expect(output).toMatch(/Open them in a browser:\s+\S+waits\/0af7651916cd43dd8448eb211c80319c\.html/);
    expect(readFileSync(join(app, "waits", `${TRACE}.html`), "utf8")).toContain("default-src 'none'");
  });

  it("fails and then passes as its page tells", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/testing-with-spanloom.md"), "utf8");
    const files = [...page.matchAll(/^```ts\n\/\/ (orders\S*)\n([\s\S]*?)^```$/gm)];
    expect(files.map(([, name]) => name)).toEqual(["orders.mjs", "orders.test.mjs", "orders.mjs"]);
    const [slow, test, quick] = files.map(([, , code = ""]) => code) as [string, string, string];
    mkdirSync(join(app, "vitest/page"), { recursive: true });
    writeFileSync(join(app, "vitest/page/orders.mjs"), slow);
    writeFileSync(join(app, "vitest/page/orders.test.mjs"), test);
    const failed = vitest("vitest/page");
    expect(failed.output).toContain("perTrace: expected at most 1, found 3 in trace");
    expect(failed.output).toMatch(/├─ orders {2}SELECT items/);
    expect(failed.status).toBe(1);
    writeFileSync(join(app, "vitest/page/orders.mjs"), quick);
    expect(vitest("vitest/page").output).toContain("1 passed");
  });

  it("has types, for ESM and for CommonJS", () => {
    const body = `
      const collector = await createTestCollector({ config: { sampling: { ratio: 1 } } });
      const trace: TestTrace = await collector.waitForTrace("{ kind = client }", { timeoutMs: 1, whole: false });
      const name: string | undefined = trace.root?.name;
      // @ts-expect-error there is no such kind
      await collector.waitForSpan({ kind: "servant" });`;
    writeFileSync(
      join(app, "typed.mts"),
      `import { createTestCollector, type TestTrace } from "spanloom/testing"; import { saveTracesOfFailedTests } from "spanloom/node-test"; import "spanloom/vitest"; import { expect } from "vitest";
      ${body}
      saveTracesOfFailedTests(collector, { folder: "traces", redact: ["card"] });
      expect(trace).toHaveTraceShape({ name: /GET/, children: ["charge card", { kind: "client", children: [] }] });
      // @ts-expect-error milliseconds are numbers
      expect(trace).toBeWithinBudget({ p95: "5" });
      export { name };`,
    );
    writeFileSync(
      join(app, "typed.cts"),
      `import { saveTracesOfFailedTests } from "spanloom/node-test"; import { createTestCollector, type TestTrace } from "spanloom/testing";
      async function run() { ${body}; saveTracesOfFailedTests(() => collector); return name; } export { run };`,
    );
    const flags = [
      "--strict",
      "--noEmit",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--skipLibCheck",
      "--types",
      "node",
    ];
    const tsc = join(import.meta.dirname, "../../node_modules/typescript/bin/tsc");
    const roots = join(import.meta.dirname, "../../node_modules/@types");
    const output = execFileSync(process.execPath, [tsc, ...flags, "--typeRoots", roots, "typed.mts", "typed.cts"], {
      cwd: app,
    });
    expect(output.toString()).toBe("");
  });
});
