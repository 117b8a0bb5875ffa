import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestCollector, type TestCollector } from "../../src/testing/testing.ts";
import { MAIN, plainEnvironment } from "../support/collector-process.ts";

const SPAN =
  '{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"x","startTimeUnixNano":"1","endTimeUnixNano":"2"}';
const LINE = `{"resourceSpans":[{"scopeSpans":[{"spans":[${SPAN}]}]}]}`;
const GIGABYTE = 2 ** 30;
const CHUNK = Buffer.alloc(2 ** 20, "x");

let folder: string;
let collector: TestCollector;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-bad-recordings-"));
  collector = await createTestCollector();
});
afterAll(async () => {
  await collector.close();
  rmSync(folder, { recursive: true, force: true });
});

function started(args: readonly string[], flags: readonly string[] = []): ChildProcess {
  return spawn(process.execPath, [...flags, MAIN, ...args], { cwd: folder, env: plainEnvironment() });
}

async function ended(child: ChildProcess) {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("the command has no streams to read");
  const [out, err, [code]] = await Promise.all([text(stdout), text(stderr), once(child, "close")]);
  return { code: code as number | null, out, err };
}

const spanloom = (...args: string[]) => ended(started(args));

interface Case {
  readonly what: string;
  readonly bytes: string | Buffer;
  /** Exit codes of `replay`, `replay --skip-bad`, `diff` and `diff --skip-bad`. */
  readonly codes: readonly [number, number, number, number];
  /** In what is said of it, beside the name of the file. */
  readonly said: string;
}

/** Two traces are too few to be judged, so that a comparison of what could be read is undecided: 2. */
const CASES: readonly Case[] = [
  {
    what: "a truncated line",
    bytes: `${LINE}\n${LINE.slice(0, 60)}`,
    codes: [1, 0, 3, 2],
    said: ":2: left out: malformed JSON at line 1, column 61: expected the end of the string",
  },
  {
    what: "a line in Latin-1",
    bytes: Buffer.from(`${LINE}\n${LINE.replace('"x"', '"caf\u00e9"')}\n`, "latin1"),
    codes: [1, 0, 3, 2],
    said: ":2: left out: expected text in UTF-8, found byte 0xe9",
  },
  {
    what: "UTF-16",
    bytes: Buffer.from(`${LINE}\n`, "utf16le"),
    codes: [2, 2, 3, 3],
    said: "expected text in UTF-8, found zero bytes",
  },
  {
    what: "gzip that was cut off",
    bytes: gzipSync(`${LINE}\n`).subarray(0, 60),
    codes: [2, 2, 3, 3],
    said: "unexpected end of file",
  },
  {
    what: "another signal",
    bytes: `${LINE}\n{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}\n`,
    codes: [1, 0, 3, 2],
    said: ":2: left out: found OTLP logs, expected traces",
  },
  {
    what: "a field that OTLP does not have",
    bytes: `${LINE.replace('{"scopeSpans"', '{"colour":1,"scopeSpans"')}\n`,
    codes: [0, 0, 2, 2],
    said: ":1: resourceSpans[0].colour is no field of OTLP; it is passed over",
  },
  {
    what: "two spans with the ids of one",
    bytes: `${LINE}\n${LINE.replace('"startTimeUnixNano":"1"', '"startTimeUnixNano":"0"')}\n`,
    codes: [0, 0, 2, 2],
    said: ":2: span b7ad6b7169203331 has the trace and span id of another",
  },
];

describe("a recording with what cannot be used", () => {
  it.each(CASES)("is told apart by exit codes: $what", async ({ bytes, codes, said }) => {
    writeFileSync(join(folder, "bad.jsonl"), bytes);
    const to = ["--endpoint", collector.url, "bad.jsonl"];
    const replayed = await spanloom("replay", ...to);
    expect(replayed.err).toContain(`bad.jsonl${said.startsWith(":") ? "" : ": cannot read the recording"}`);
    expect(replayed.err).toContain(said);
    const ends = [
      replayed,
      await spanloom("replay", "--skip-bad", ...to),
      await spanloom("diff", "bad.jsonl", "bad.jsonl"),
      await spanloom("diff", "--skip-bad", "bad.jsonl", "bad.jsonl"),
    ];
    expect(ends.map(({ code }) => code)).toEqual(codes);
    if (codes[0] === 1) {
      expect(ends[1]?.out).toContain("lines left out: 1");
      expect(ends[3]?.err).toContain("bad.jsonl: 1 line could not be read, and what they hold is not compared");
    }
  });

  it("is an empty run where no span is in it", async () => {
    writeFileSync(join(folder, "empty.jsonl"), '{"resourceSpans":[]}\n');
    expect(await spanloom("replay", "--endpoint", collector.url, "empty.jsonl")).toMatchObject({
      code: 0,
      out: expect.stringContaining("sent 0 spans"),
    });
    expect(await spanloom("diff", "empty.jsonl", "empty.jsonl")).toMatchObject({
      code: 2,
      err: expect.stringContaining("empty.jsonl: the run is empty: no span is in it"),
    });
  });

  it("may have a line of a gigabyte: it is counted, and never held", async () => {
    // A heap of 64 MiB, and buffers outside of it for as long as they are read.
    const child = started(["replay", "--endpoint", collector.url, "-"], ["--max-old-space-size=64"]);
    const done = ended(child);
    const { stdin } = child;
    if (stdin === null) throw new Error("the command has no stdin");
    stdin.write(`${LINE}\n`);
    let most = 0;
    for (let sent = 0; sent < GIGABYTE; sent += CHUNK.length) {
      if (!stdin.write(CHUNK)) await once(stdin, "drain");
      if (sent % (64 * CHUNK.length) === 0) most = Math.max(most, residentBytes(child.pid));
    }
    stdin.end(`\n${LINE}\n`);
    const { code, out, err } = await done;
    expect(err).toContain(`stdin:2: left out: the line has ${GIGABYTE} bytes; expected at most`);
    expect(out).toContain("sent 2 spans");
    expect(code).toBe(1);
    // What a line may have at most is held, twice while it is put together; not what it had.
    if (process.platform === "linux") expect(most).toBeLessThan(GIGABYTE / 2);
  }, 120_000);
});

/** Of a process, as Linux tells it; 0 elsewhere. */
function residentBytes(pid: number | undefined): number {
  if (process.platform !== "linux") return 0;
  const [, kibibytes = "0"] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}
