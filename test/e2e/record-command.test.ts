import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { jsonToTraces } from "../../src/codec/otlp/json/json-in.ts";
import type { TracesData } from "../../src/model/span.ts";
import { createTestCollector, type TestCollector } from "../../src/testing/testing.ts";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";
import { recordingFacts, replayAll } from "../support/recordings.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-record-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let collector: TestCollector;
const running: ChildProcess[] = [];
beforeEach(async () => {
  collector = await createTestCollector();
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  await collector.close();
});

function record(...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, "record", ...args], { cwd: folder, env: plainEnvironment() });
  running.push(child);
  const ended = once(child, "close");
  const [out, err] = [text(child.stdout), text(child.stderr)];
  // Its first words say that it follows.
  const following = once(child.stderr, "data");
  const done = async () => ({ code: (await ended)[0] as number | null, out: await out, err: await err });
  return { child, following, done };
}

const fromCollector = (...args: readonly string[]) => record("--url", collector.uiUrl, ...args);

/** The lines of a recording. */
function recorded(name: string): TracesData[] {
  const bytes = readFileSync(join(folder, name));
  const lines = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return lines
    .split("\n")
    .filter(Boolean)
    .map((line) => jsonToTraces(Buffer.from(line)));
}

const spansOf = (lines: readonly TracesData[]) =>
  lines.flatMap((data) => data.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));

/** Sends a span by itself. */
async function send(traceId: string, spanId: string, name: string, attributes: Readonly<Record<string, string>> = {}) {
  const now = BigInt(Date.now()) * 1_000_000n;
  const span = {
    traceId: traceId.padStart(32, "0"),
    spanId: spanId.padStart(16, "0"),
    name,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 1_000n),
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } })),
  };
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${collector.url}/v1/traces`, { method: "POST", headers, body });
  expect(response.status).toBe(200);
}

describe("what arrives", () => {
  it("is recorded until Ctrl-C, and replays as the same traces", async () => {
    const { child, following, done } = fromCollector("--json", "--out", "live.jsonl.gz");
    await following;
    await replayAll(collector.url, ["node-shop"]);
    const sent = await collector.traces();
    child.kill("SIGINT");
    const { code, out } = await done();
    const { spans, allTraces } = recordingFacts("node-shop");
    expect(JSON.parse(out)).toMatchObject({ spans, traces: allTraces.length, interrupted: false, complete: true });
    expect(code).toBe(0);
    await collector.reset();
    const replay = spawn(process.execPath, [MAIN, "replay", "--endpoint", collector.url, "live.jsonl.gz"], {
      cwd: folder,
      stdio: "ignore",
    });
    expect(await once(replay, "close")).toEqual([0, null]);
    const order = (one: { readonly traceId: string }, other: { readonly traceId: string }) =>
      one.traceId < other.traceId ? -1 : 1;
    expect((await collector.traces()).sort(order)).toEqual(sent.sort(order));
  });

  it("is written once, also where a trace goes on growing after it was", async () => {
    const { child, following, done } = fromCollector("--out", "-");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const names = async () => {
      const { value } = await lines.next();
      return spansOf([jsonToTraces(Buffer.from(value as string))]).map(({ name }) => name);
    };
    await following;
    await send("1", "1", "first");
    expect(await names()).toEqual(["first"]);
    await send("1", "2", "late");
    expect(await names()).toEqual(["late"]);
    child.kill("SIGTERM");
    expect((await done()).code).toBe(0);
  });

  it("ends by itself after so many spans, or after a time", async () => {
    const bySpans = fromCollector("--spans", "2", "--out", "two.jsonl", "{ name =~ `n.*` }");
    await bySpans.following;
    for (const [i, name] of ["n1", "other", "n2"].entries()) await send(`${i + 1}`, "1", name);
    expect(await bySpans.done()).toMatchObject({ code: 0 });
    expect(
      spansOf(recorded("two.jsonl"))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["n1", "n2"]);
    const byTime = fromCollector("--for", "10ms", "--out", "none.jsonl");
    expect(await byTime.done()).toMatchObject({
      code: 0,
      out: expect.stringContaining("recorded 0 spans of 0 traces"),
    });
    expect(recorded("none.jsonl")).toEqual([]);
  });

  it("never is half a file under the name: what was there stays until the recording is whole", async () => {
    writeFileSync(join(folder, "kept.jsonl"), "old\n");
    const { child, following, done } = fromCollector("--for", "1h", "--out", "kept.jsonl");
    await following;
    await send("1", "1", "lost");
    child.kill("SIGKILL");
    await done();
    expect(readFileSync(join(folder, "kept.jsonl"), "utf8")).toBe("old\n");
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([`.kept.jsonl.${child.pid}.part`]);
    const stopped = fromCollector("--for", "1h", "--out", "kept.jsonl");
    await stopped.following;
    stopped.child.kill("SIGINT");
    expect(await stopped.done()).toMatchObject({
      code: 130,
      out: expect.stringContaining("stopped: recorded 0 spans"),
    });
    expect(readFileSync(join(folder, "kept.jsonl"), "utf8")).toBe("");
  });
});

describe("what is stored", () => {
  it("is recorded by TraceQL, the oldest trace first, each whole", async () => {
    await replayAll(collector.url, ["node-shop"]);
    const wanted = recordingFacts("node-shop").allTraces.filter(({ errors }) => errors > 0);
    const { code, out } = await fromCollector("--all", "--json", "--out", "e.jsonl", "{ status = error }").done();
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ traces: wanted.length });
    const lines = recorded("e.jsonl");
    const traces = lines.map((line) => spansOf([line])[0]?.traceId);
    const byStart = wanted.toSorted((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)));
    expect([...new Set(traces)]).toEqual(byStart.map(({ traceId }) => traceId));
    expect(spansOf(lines)).toHaveLength(wanted.reduce((sum, trace) => sum + trace.spans, 0));
  });

  it("is redacted by flags and by the rules of the config", async () => {
    const attributes = { "user.id": "ann", "http.request.header.cookie": "c", password: "p", card: "4711" };
    await send("1", "1", "one", attributes);
    await send("2", "1", "two", attributes);
    writeFileSync(
      join(folder, "redact.yaml"),
      'processors: { redaction: { rules: [{ value_pattern: "47\\\\d\\\\d", action: mask, replacement: "#" }] } }',
    );
    const flags = ["--drop", "http.request.header.*", "--hash", "user.*", "--mask", "password"];
    const { code, out, err } = await fromCollector("-c", "redact.yaml", "--all", "--out", "r.jsonl", ...flags).done();
    expect([code, out]).toEqual([0, expect.stringContaining("8 values redacted")]);
    expect(err).toContain("--hash without --salt");
    const [one, two] = spansOf(recorded("r.jsonl")).map((span) =>
      Object.fromEntries(span.attributes.map(({ key, value }) => [key, value.type === "string" ? value.value : value])),
    );
    expect(one).toEqual({ "user.id": expect.stringMatching(/^sha256:[0-9a-f]{64}$/), password: "****", card: "#" });
    expect(two).toEqual(one);
    const salted = await fromCollector("--all", "--out", "r.jsonl", "--hash", "user.id", "--salt", "short").done();
    expect(salted).toMatchObject({ code: 2, err: expect.stringContaining("salt") });
  });
});

it("says why it cannot record", async () => {
  const refused = async (...args: string[]) => {
    const { code, err } = await record(...args).done();
    return [code, err];
  };
  const nobody = "http://127.0.0.1:9";
  expect(await refused("--out", "x.jsonl", "--url", nobody)).toEqual([5, expect.stringContaining("no collector")]);
  expect(await refused("--out", "no/x.jsonl", "--url", nobody)).toEqual([2, expect.stringContaining("no/x.jsonl")]);
  expect(await refused("--url", nobody)).toEqual([2, expect.stringContaining("--out")]);
  expect(await refused("--out", "x.jsonl", "--all", "--for", "1s")).toEqual([2, expect.stringContaining("--for")]);
  expect(await refused("--out", "x.jsonl", "--url", collector.uiUrl, "{ name = }")).toEqual([2, expect.any(String)]);
  expect(readdirSync(folder).filter((name) => name.startsWith("x") || name.startsWith(".x"))).toEqual([]);
});
