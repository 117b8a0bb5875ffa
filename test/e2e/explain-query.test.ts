import { execFile } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";
import { serviceWith, spanWith } from "../support/otlp-spans.ts";

const SECOND = 1_000_000_000n;
const OLD = 1_795_392_000n * SECOND;

let collector: Collector;

beforeAll(async () => {
  collector = await createCollector({ storage: { kind: "memory" } });
  // The older a trace is, the longer it took.
  const spans = [1n, 2n, 3n].map((n) =>
    spanWith({
      traceId: String(n).repeat(32),
      name: "POST /pay",
      startTimeUnixNano: OLD + n * SECOND,
      endTimeUnixNano: OLD + n * SECOND + (4n - n) * 100_000_000n,
    }),
  );
  const answer = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces([serviceWith("shop", spans)]),
  });
  expect(answer.status).toBe(200);
});
afterAll(() => collector?.shutdown());

function explain(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const all = [MAIN, "explain", "--url", collector.endpoints.ui, ...args];
  return new Promise((done) => {
    execFile(process.execPath, all, { env: plainEnvironment() }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe("spanloom explain with a query", () => {
  it("explains the newest trace that matches, and says of how many", async () => {
    const { code, stdout } = await explain('{ resource.service.name = "shop" }');
    expect(code).toBe(0);
    expect(stdout).toContain("3".repeat(32));
    expect(stdout).toContain("The newest of 3 traces that match");
  });

  it("explains the slowest where it is told to, in every form", async () => {
    const json = await explain("--slowest", "--json", '{ name = "POST /pay" }');
    expect(JSON.parse(json.stdout)).toMatchObject({
      traceId: "1".repeat(32),
      chosen: "The slowest of 3 traces that match",
    });
    const markdown = await explain("--slowest", "--markdown", "{ duration > 250ms }");
    expect(markdown.stdout).toContain("The slowest of 1 trace that matches.");
  });

  it("says what is wrong: nothing matches, no TraceQL, a flag of queries beside an id", async () => {
    const nothing = await explain('{ name = "none" }');
    expect(nothing).toMatchObject({ code: 1, stdout: "" });
    expect(nothing.stderr).toContain('no trace matches { name = "none" }');
    expect((await explain("{ name ")).stderr).toContain("'q'");
    expect((await explain("--slowest", "1".repeat(32))).stderr).toContain("--slowest and a trace id");
  });
});
