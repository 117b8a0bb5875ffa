import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { savedAboutOf } from "../../src/query/local/saved-format.ts";
import { type CollectorProcess, MAIN, plainEnvironment, startCollectorProcess } from "../support/collector-process.ts";
import { serviceWith, spanWith, textAttribute } from "../support/otlp-spans.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SECRET = "hunter2-hunter2";

let folder: string;
let collector: CollectorProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-save-"));
  collector = await startCollectorProcess(join(folder, "data"));
  const attributes = [textAttribute("db.password", SECRET), textAttribute("user.email", "ann@example.org")];
  const headers = { "content-type": "application/x-protobuf" };
  const body = encodeTraces([serviceWith("shop", [spanWith({ traceId: TRACE, attributes })])]);
  expect((await fetch(collector.otlpHttp, { method: "POST", headers, body })).status).toBe(200);
});

afterAll(async () => {
  await collector?.end("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

function save(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const all = [MAIN, "save", ...args, "--url", collector.ui];
  return new Promise((done) => {
    execFile(process.execPath, all, { env: plainEnvironment(), cwd: folder }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe("spanloom save", () => {
  it("writes a file without secrets, and names what it left out", async () => {
    const { code, stdout } = await save("0af76519", "-o", "bug.html");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^bug\.html: 1 span, \d+ kB\n1 value redacted:\n {2}db\.password \(1\)\n$/);
    const html = readFileSync(join(folder, "bug.html"), "utf8");
    expect(savedAboutOf(html)).toMatchObject({ traceId: TRACE, spans: 1 });
    expect(html).toMatch(/<meta http-equiv="content-security-policy" content="default-src 'none'; script-src 'sha256-/);
  });

  it("takes out more, or nothing, where it is told so", async () => {
    const more = await save(TRACE, "--redact", "email", "--json");
    expect(JSON.parse(more.stdout)).toMatchObject({
      file: `trace-${TRACE}.html`,
      redacted: [{ key: "db.password" }, { key: "user.email" }],
    });
    const nothing = await save(TRACE, "--keep-secrets", "-o", "all.html");
    expect(nothing.stdout).toContain("nothing was redacted");
    const standardOutput = await save(TRACE, "-o", "-");
    expect(savedAboutOf(standardOutput.stdout)?.spans).toBe(1);
  });

  it("says what is wrong: no such trace, no such folder", async () => {
    const unknown = await save("1".repeat(32));
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    expect(unknown.stderr).toContain(`trace ${"1".repeat(32)} not found`);
    const nowhere = await save(TRACE, "-o", "none/bug.html");
    expect(nowhere.code).not.toBe(0);
    expect(nowhere.stderr).toContain("none/bug.html: cannot be written: no such file or folder");
  });
});
