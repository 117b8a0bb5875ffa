import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RecordedLine, readRecording } from "./recording.ts";

const LINE =
  '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}]}]}]}';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-recording-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function read(path: string): Promise<{ lines: RecordedLine[]; bad: [number, string][] }> {
  const lines: RecordedLine[] = [];
  const bad: [number, string][] = [];
  for await (const line of readRecording(path, (number, reason) => bad.push([number, reason]))) lines.push(line);
  return { lines, bad };
}

describe("readRecording", () => {
  it("reads lines, skips empty ones and reports bad ones by number", async () => {
    const file = join(folder, "a.jsonl");
    writeFileSync(file, `${LINE}\r\n\n{"resourceSpans": 3}\n${LINE}`);
    const { lines, bad } = await read(file);
    expect(lines.map((one) => one.line)).toEqual([1, 4]);
    expect(bad).toHaveLength(1);
    expect(bad[0]?.[0]).toBe(3);
    expect(bad[0]?.[1]).toContain("resourceSpans");
  });

  it("reports a line that holds something and no spans", async () => {
    const file = join(folder, "a.jsonl");
    writeFileSync(file, `{"x":1}\n{"resourceSpans":[{"scopeSpans":[{"span":[]}]}]}\n{"resourceSpans":[]}\n${LINE}`);
    const { lines, bad } = await read(file);
    expect(lines.map((one) => one.line)).toEqual([3, 4]);
    expect(bad.map(([line]) => line)).toEqual([1, 2]);
    expect(bad[0]?.[1]).toBe('no spans were found in 7 bytes; expected resourceSpans, scopeSpans and spans, found "x"');
  });

  it("splits at line feeds only, wherever the chunks end", async () => {
    const file = join(folder, "a.jsonl");
    const odd = LINE.replace('"spanId"', '"name":"a\u2028b\u0085c\u2029","spanId"');
    writeFileSync(file, `${odd}\n`.repeat(2_000));
    const { lines, bad } = await read(file);
    expect(bad).toEqual([]);
    expect(lines).toHaveLength(2_000);
    expect(lines[1_999]?.data[0]?.scopeSpans[0]?.spans[0]?.name).toBe("a\u2028b\u0085c\u2029");
  });

  it("reads gzip", async () => {
    const file = join(folder, "a.jsonl.gz");
    writeFileSync(file, gzipSync(`${LINE}\n${LINE}\n`));
    expect((await read(file)).lines).toHaveLength(2);
  });

  it("says what is wrong with a file that is not there, a folder, or broken gzip", async () => {
    await expect(read(join(folder, "none.jsonl"))).rejects.toThrow(
      /none\.jsonl: cannot read the recording: no such file/,
    );
    await expect(read(folder)).rejects.toThrow(/cannot read the recording/);
    const file = join(folder, "b.jsonl.gz");
    writeFileSync(file, "not gzip");
    await expect(read(file)).rejects.toThrow(/b\.jsonl\.gz: cannot read the recording/);
  });
});
