import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, it } from "vitest";
import type { IngestPipeline } from "../../src/component/ingest.ts";
import { HeadSampler } from "../../src/processors/head-sampling/head-sampler.ts";
import { samplingConfig } from "../../src/processors/head-sampling/sampling-config.ts";
import { processorsConfig } from "../../src/processors/processors-config.ts";
import { createNormalizer } from "../../src/processors/rewriting-normalizer.ts";
import { Sealer } from "../../src/storage/sealing/sealer.ts";
import { recordedBodies } from "../support/recorded-bodies.ts";
import { describeWhere } from "../support/requires.ts";
import { incoming } from "../support/storage/batches.ts";
import { testDriver } from "../support/storage/driver.ts";
import { setFormat, toFormatOne } from "../support/storage/format-one.ts";
import { type OpenFolder, openFolder } from "../support/storage/open-folder.ts";
import { recordingHost, tempFolder } from "../support/storage/rig.ts";
import { alikeSpans, largeSpan, oddRequest, oddSpans, request, traceId } from "./odd-spans.ts";
import { type Bytes, type SentSpan, spansOf } from "./wire.ts";

/** A Python that has what the script needs; Debian's own comes first, as python3-brotli is made for that. */
const PYTHON = ["/usr/bin/python3", "python3"].find(
  (python) => spawnSync(python, ["-c", "import brotli, sqlite3"], { stdio: "ignore" }).status === 0,
);

interface ReadSpan extends SentSpan {
  readonly position: number;
  readonly block: number;
  readonly codec: number;
  readonly traceId: string;
  readonly name: string;
  readonly service: string;
  readonly threshold: string | null;
  readonly marks: number;
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

function folder(): { readonly path: string; readonly opened: OpenFolder } {
  const temp = tempFolder();
  cleanups.push(() => temp.remove());
  const opened = openFolder(temp.path);
  cleanups.push(() => opened.close());
  return { path: temp.path, opened };
}

/** What the script prints of a folder. */
async function read(path: string): Promise<ReadSpan[]> {
  const script = join(import.meta.dirname, "read_segments.py");
  const run = promisify(execFile)(PYTHON as string, ["-B", script, path], { maxBuffer: 1 << 30 });
  const lines = (await run).stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as ReadSpan);
}

function append(opened: OpenFolder, bodies: readonly Bytes[]): void {
  const outcomes = opened.core.append(bodies.map((body) => incoming(body.slice())));
  expect(outcomes.filter(({ type }) => type !== "stored")).toEqual([]);
}

async function sealAll(path: string, { core, source }: OpenFolder): Promise<void> {
  const sealer = new Sealer({ driver: testDriver, folder: path, source, share: 1 });
  type Task = Parameters<typeof sealer.seal>[0];
  const floor = { segment: Number.MAX_SAFE_INTEGER, block: 0 };
  await core.maintain({ type: "roll" });
  for (;;) {
    const task = (await core.maintain({ type: "next_seal", floor, atOnce: true })) as Task | undefined;
    if (task === undefined) return;
    await core.maintain({ type: "finish_seal", task, outcome: await sealer.seal(task) });
  }
}

/** One text a span, sorted: blocks and their order are the store's affair. */
const bytesOf = (spans: readonly SentSpan[]) =>
  spans.map(({ span, resource, scope }) => `${span} ${resource} ${scope}`).sort();
const columnsOf = (spans: readonly ReadSpan[]) =>
  spans
    .map(({ block: _, codec: __, position: ___, ...rest }) => JSON.stringify({ ...rest, index: 0, receivedMs: 0 }))
    .sort();
const codecsOf = (spans: readonly ReadSpan[]) => [...new Set(spans.map(({ codec }) => codec))].sort();

/** Small and large requests, recorded ones, and all that protobuf allows. */
function requests(): Bytes[] {
  const recorded = recordedBodies()
    .filter(({ format }) => format === "protobuf")
    .map(({ bytes }) => new Uint8Array(bytes));
  return [
    ...recorded,
    ...Array.from({ length: 12 }, (_, i) => oddRequest(`odd ${i} 😀`, oddSpans(1_000 * (i + 1)))),
    ...Array.from({ length: 30 }, (_, i) => request(`alike ${i % 2}`, alikeSpans(100_000 + 100 * i, 40))),
    request(undefined, alikeSpans(200_000, 10)),
    request("cut", alikeSpans(300_000, 1_500)),
    request("large", [largeSpan(400_000, 1_200_000), largeSpan(400_001, 300)]),
  ];
}

describeWhere(PYTHON !== undefined, "python3 or its brotli is missing", "a reader that knows docs/format alone", () => {
  it("reads every span as it was sent, while it is written, once it is closed, and sealed", async () => {
    const { path, opened } = folder();
    const sent = requests();
    append(opened, sent);
    const wanted = bytesOf(sent.flatMap(spansOf));
    expect(wanted.length).toBeGreaterThan(3_000);
    const unsealed = await read(path);
    expect(bytesOf(unsealed)).toEqual(wanted);
    expect(codecsOf(unsealed)).toEqual([0, 1]);

    await sealAll(path, opened);
    const sealed = await read(path);
    expect(codecsOf(sealed)).toEqual([2]);
    expect(bytesOf(sealed)).toEqual(wanted);
    expect(columnsOf(sealed)).toEqual(columnsOf(unsealed));
    expect(new Set(sealed.map(({ position }) => position))).toEqual(new Set([1]));

    append(opened, [request("later", alikeSpans(500_000, 3))]);
    const mixed = await read(path);
    expect(codecsOf(mixed)).toEqual([0, 2]);
    expect(mixed).toHaveLength(sealed.length + 3);
    opened.close();
    expect(await read(path)).toEqual(mixed);
  }, 120_000);

  it("reads the columns: names, services, marks", async () => {
    const { path, opened } = folder();
    append(opened, [oddRequest("shop 😀", oddSpans(1)), request(undefined, alikeSpans(100, 1))]);
    for (const seal of [false, true]) {
      if (seal) await sealAll(path, opened);
      const spans = await read(path);
      const named = (name: string) => spans.filter((span) => span.name === name);
      expect(named("späte 😀 name")).toMatchObject([{ service: "shop 😀", marks: 0 }]);
      expect(named("second")).toMatchObject([{ kind: 2 }]);
      expect(named("op 0")).toMatchObject([{ service: "unknown_service", marks: 16, start: "1700000000000000000" }]);
      expect(spans.filter(({ marks }) => (marks & 4) !== 0)).toHaveLength(1);
    }
  });

  it("leaves deleted spans out, whether a sealing has come by or not", async () => {
    const { path, opened } = folder();
    const sent = [request("a", alikeSpans(8, 400)), request("b", alikeSpans(1_000, 80))];
    append(opened, sent);
    const gone = (trace: number) => Buffer.from(traceId(trace)).toString("hex");
    const remove = (trace: number) => opened.core.maintain({ type: "delete_traces", traceIds: [traceId(trace)] });
    await remove(16);
    const left = await read(path);
    expect(left).toHaveLength(472);
    expect(left.filter((span) => span.traceId === gone(16))).toEqual([]);
    await sealAll(path, opened);
    expect(bytesOf(await read(path))).toEqual(bytesOf(left));
    await remove(1_000);
    append(opened, [request("again", alikeSpans(1_000, 8))]);
    const after = await read(path);
    expect(after).toHaveLength(472);
    expect(after.filter((span) => span.traceId === gone(1_000)).map(({ service }) => service)).toEqual(
      Array.from({ length: 8 }, () => "again"),
    );
  });

  it("finds sampling thresholds beside bytes that are as they came", async () => {
    const { path, opened } = folder();
    opened.core.setPipeline(samplingPipeline(0.5));
    const sent = [request("sampled", alikeSpans(1, 800)), oddRequest("received", oddSpans(10_000))];
    append(opened, sent);
    const all = new Set(bytesOf(sent.flatMap(spansOf)));
    const unsealed = await read(path);
    expect(unsealed.length).toBeGreaterThan(100);
    expect(bytesOf(unsealed).filter((bytes) => !all.has(bytes))).toEqual([]);
    expect(new Set(unsealed.map(({ threshold }) => threshold))).toContain("8");
    await sealAll(path, opened);
    expect(columnsOf(await read(path))).toEqual(columnsOf(unsealed));
  });

  it("reads a folder of format 1", async () => {
    const { path, opened } = folder();
    const sent = request("old", alikeSpans(1, 100));
    append(opened, [sent]);
    opened.close();
    toFormatOne(path);
    expect(bytesOf(await read(path))).toEqual(bytesOf(spansOf(sent)));
  });

  it("asks blooms as their page says", async () => {
    const program = `
from read_segments import *
bloom = bytes.fromhex("0200000008000000" + "01080000726a2aa7" + "0886000040034000")
hashes = [hash_of(bytes(range(1, 17))), attribute_hash("http.method", "GET"), attribute_hash("n", "42")]
print(*map(hex, hashes), *(may_contain(bloom, h) for h in hashes))
print(sum(may_contain(bloom, finished(i)) for i in range(10_000)) < 100)
`;
    const run = promisify(execFile)(PYTHON as string, ["-B", "-c", program], { cwd: import.meta.dirname });
    expect((await run).stdout).toBe("0x26236472 0xc9b49eaf 0x95882939 True True False\nTrue\n");
  });

  it("stops where a byte is not what was written, and before a format that it does not know", async () => {
    const { path, opened } = folder();
    append(opened, [request("a", alikeSpans(1, 300))]);
    await sealAll(path, opened);
    opened.close();
    expect(await read(path)).toHaveLength(300);
    const segment = join(path, "segments", "00000003.db");
    const db = testDriver.open(segment);
    db.exec("UPDATE block SET received_ms = received_ms + 1");
    await expect(read(path)).rejects.toThrow("checksum of the head");
    db.exec("UPDATE block SET received_ms = received_ms - 1, body = zeroblob(length(body))");
    await expect(read(path)).rejects.toThrow("checksum of the body");
    db.close();
    setFormat(segment, 3);
    await expect(read(path)).rejects.toThrow("has format 3");
  });
});

/** As the ingest thread has it: normalise, then sample. */
function samplingPipeline(ratio: number): IngestPipeline {
  const { metrics } = recordingHost();
  const normalizer = createNormalizer(processorsConfig.parse({}), metrics);
  const sampler = new HeadSampler(samplingConfig.parse({ ratio }), { metrics, now: () => 0 });
  return {
    prepare({ format, bytes }) {
      const { body, scan, rejected, message } = normalizer.normalize(format, bytes);
      const { keep, columns } = sampler.sample(scan, body);
      const result = { accepted: columns.count, rejected, message };
      return { ...scan, body, keep, columns, result };
    },
  };
}
