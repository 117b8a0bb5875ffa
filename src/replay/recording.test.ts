import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeTraces } from "../codec/otlp/message/decode.ts";
import { type RecordedLine, readRecording } from "./recording.ts";

const LINE =
  '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}]}]}]}';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-recording-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function read(path: string, maxLineBytes = 1 << 20): Promise<{ lines: RecordedLine[]; bad: [number, string][] }> {
  const lines: RecordedLine[] = [];
  const bad: [number, string][] = [];
  for await (const line of readRecording(path, {
    onBadLine: (number, reason) => bad.push([number, reason]),
    maxLineBytes,
  }))
    lines.push(line);
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
    const [last] = decodeTraces(lines[1_999]?.body as Uint8Array);
    expect(last?.scopeSpans[0]?.spans[0]?.name).toBe("a\u2028b\u0085c\u2029");
  });

  it("takes a line for bad that is longer than it may be, and holds none of it", async () => {
    const file = join(folder, "a.jsonl");
    writeFileSync(file, `${LINE}\n${" ".repeat(3_000)}{}\n${LINE}\n${"x".repeat(2_000)}`);
    const { lines, bad } = await read(file, 1_000);
    expect(lines.map((one) => one.line)).toEqual([1, 3]);
    expect(bad).toEqual([
      [2, "the line has 3002 bytes; expected at most 1000, one batch of spans a line"],
      [4, "the line has 2000 bytes; expected at most 1000, one batch of spans a line"],
    ]);
  });

  it.each([
    ['{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}', "found OTLP logs, expected traces: an object with"],
    ['{"resourceMetrics":[{}]}', "found OTLP metrics, expected traces"],
    [LINE.slice(0, 40), "line 1"],
    ["[1]", "expected an object, found [1]"],
    [LINE.replace("b7ad6b7169203331", "zz"), "spanId"],
  ])("says of a line what was found, and what was expected: %s", async (line, reason) => {
    const file = join(folder, "a.jsonl");
    writeFileSync(file, `${LINE}\n${line}\n`);
    const { lines, bad } = await read(file);
    expect(lines.map((one) => one.line)).toEqual([1]);
    expect(bad).toEqual([[2, expect.stringContaining(reason)]]);
  });

  it("tells once of fields that OTLP does not have", async () => {
    const file = join(folder, "a.jsonl");
    const odd = LINE.replace('{"scopeSpans"', '{"colour":1,"scopeSpans"');
    writeFileSync(file, `${LINE}\n${odd}\n${odd}\n`);
    const told: [number, string][] = [];
    const settings = { onBadLine() {}, onUnknownField: (line: number, place: string) => void told.push([line, place]) };
    let lines = 0;
    for await (const _ of readRecording(file, settings)) lines++;
    expect(lines).toBe(3);
    expect(told).toEqual([[2, expect.stringContaining("colour")]]);
  });

  it("reads gzip and zstd, known by how they begin, and a mark of UTF-8", async () => {
    const zstd = zstdCompressSync?.(`${LINE}\n`);
    const files = { "a.jsonl": gzipSync(`${LINE}\n`), "b.jsonl": `\ufeff${LINE}\n`, ...(zstd && { "c.zst": zstd }) };
    for (const [name, bytes] of Object.entries(files)) {
      writeFileSync(join(folder, name), bytes);
      const { lines, bad } = await read(join(folder, name));
      expect([name, lines.length, bad]).toEqual([name, 1, []]);
    }
  });

  it("says of a gzip file that ends too early how far it could be read", async () => {
    const file = join(folder, "a.gz");
    const lines = Array.from({ length: 5_000 }, (_, i) => LINE.replace("b7ad6b7169203331", `${i}`.padStart(16, "1")));
    const whole = gzipSync(lines.join("\n"));
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    await expect(read(file)).rejects.toThrow(/a\.gz: cannot read the recording after line \d+: unexpected end of file/);
  });

  it.each(["utf16le", "latin1"] as const)(
    "says that text in another encoding is none in UTF-8: %s",
    async (encoding) => {
      const file = join(folder, "a.jsonl");
      const text = LINE.replace('"spanId"', '"name":"caf\u00e9","spanId"');
      writeFileSync(file, Buffer.from(`${text}\n`, encoding));
      if (encoding === "utf16le") {
        await expect(read(file)).rejects.toThrow(
          /a\.jsonl: cannot read the recording: expected text in UTF-8, found zero/,
        );
        return;
      }
      const at = text.indexOf("\u00e9");
      expect(await read(file)).toEqual({ lines: [], bad: [[1, `expected text in UTF-8, found byte 0xe9 at ${at}`]] });
    },
  );

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
