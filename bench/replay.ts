// How fast a recording is replayed into the built collector, and what memory that takes: it must not grow with the
// recording. The recording is the demo shop's, so that a line is what a sender's request would be.
//   npm run bench -- replay [--spans 1000000] [--line-spans 500] [--dist dist] [--fresh-ids] [--json]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { tracesToJson } from "../src/codec/otlp/json/json-out.ts";
import { countSpans, DemoShop, joinTraces } from "../src/demo/generator.ts";
import type { TracesData } from "../src/model/span.ts";
import type { ReplaySummary } from "../src/replay/replay.ts";
import { startSpanloom } from "./lib/systems.ts";

const { values } = parseArgs({
  options: {
    spans: { type: "string", default: "1000000" },
    "line-spans": { type: "string", default: "500" },
    dist: { type: "string", default: "dist" },
    "fresh-ids": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const SAMPLE_MS = 100;
const MEGABYTE = 1024 * 1024;

/** @returns how many spans it has */
async function writeRecording(path: string, spans: number, perLine: number): Promise<number> {
  const shop = new DemoShop(7);
  const file = createWriteStream(path);
  let [written, waiting]: [number, TracesData[]] = [0, []];
  let inLine = 0;
  const start = BigInt(Date.now() - 3_600_000) * 1_000_000n;
  while (written < spans) {
    const trace = shop.trace(start + BigInt(written) * 1_000n);
    waiting.push(trace);
    inLine += countSpans(trace);
    if (inLine < perLine) continue;
    written += inLine;
    if (!file.write(`${tracesToJson(joinTraces(waiting))}\n`)) await once(file, "drain");
    [waiting, inLine] = [[], 0];
  }
  file.end();
  await once(file, "close");
  return written;
}

/** Resident set of a process, bytes; undefined where it is gone. */
function rssOf(pid: number): number | undefined {
  try {
    const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

const folder = mkdtempSync(join(tmpdir(), "spanloom-bench-replay-"));
try {
  const path = join(folder, "recording.jsonl");
  const spans = await writeRecording(path, Number(values.spans), Number(values["line-spans"]));
  const server = await startSpanloom({ dist: values.dist });
  try {
    const args = ["replay", "--json", "--endpoint", server.url, ...(values["fresh-ids"] ? ["--fresh-ids"] : []), path];
    const child = spawn(process.execPath, [join(resolve(values.dist), "cli/main.js"), ...args]);
    const samples: number[] = [];
    const timer = setInterval(() => samples.push(rssOf(child.pid as number) ?? 0), SAMPLE_MS);
    const [out] = await Promise.all([text(child.stdout), once(child, "close")]);
    clearInterval(timer);
    const { seconds, requests, spans: sent, rejectedSpans } = JSON.parse(out) as ReplaySummary;
    if (sent !== spans || rejectedSpans > 0) throw new Error(`${spans} spans were written, and sent: ${out}`);
    const rss = samples.filter((sample) => sample > 0).map((sample) => Math.round(sample / MEGABYTE));
    // Of the first tenth the program and its buffers; what grows with the recording shows in the last.
    const tenth = Math.max(1, Math.floor(rss.length / 10));
    const most = (list: readonly number[]) => Math.max(...list);
    const figures = {
      loadavg: loadavg()[0],
      spans,
      requests,
      seconds,
      spansPerSecond: Math.round(spans / seconds),
      rssMb: {
        secondTenth: most(rss.slice(tenth, 2 * tenth)),
        half: most(rss.slice(0, Math.ceil(rss.length / 2))),
        lastTenth: most(rss.slice(-tenth)),
        most: most(rss),
      },
    };
    if (values.json) console.log(JSON.stringify(figures));
    else {
      const { secondTenth, half, lastTenth } = figures.rssMb;
      console.log(`load average ${figures.loadavg?.toFixed(1)}`);
      console.log(`${spans} spans in ${requests} requests, ${seconds} s: ${figures.spansPerSecond} spans/s`);
      console.log(
        `RSS, MB: ${secondTenth} after a tenth, at most ${half} in the first half, ${lastTenth} at the end, ${figures.rssMb.most} at most`,
      );
    }
  } finally {
    await server.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
