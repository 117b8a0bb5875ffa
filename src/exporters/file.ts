import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { z } from "zod";
import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import { tracesToJson } from "../codec/otlp/json/json-out.ts";
import { decodeTraces } from "../codec/otlp/message/decode.ts";
import type { ComponentFactory } from "../component/component.ts";
import { PermanentError } from "../component/errors.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import { makeFolder } from "../component/files/make-folder.ts";
import { fileReason } from "../component/reasons.ts";
import type { LogFragment } from "../model/log.ts";
import { messageOf } from "../model/message-of.ts";
import { exporterCommonConfig } from "./common-config.ts";
import { countSpans, unreadable } from "./outcome.ts";

const MEGABYTE = 1024 * 1024;
const NEWLINE = 0x0a;

const config = z.strictObject({
  path: z.string().min(1).describe("File to append to, relative to the working directory."),
  rotation: z
    .strictObject({
      max_megabytes: z.number().positive().describe("Size at which the file is set aside and a new one begun, MiB."),
      max_backups: z.int().min(0).default(0).describe("Most files set aside that are kept; 0 keeps all."),
    })
    .optional(),
  ...exporterCommonConfig,
});
export type FileConfig = z.output<typeof config>;

/**
 * Appends OTLP JSON Lines, one line an export, as the Collector's file exporter writes them. `delivered` means handed
 * to the operating system; the file is synced to disk when the exporter stops and when it is rotated. A line that could
 * not be written whole is taken back, and one that a crash tore is ended, so every later line can be read.
 */
class FileExporter implements Exporter {
  readonly #name: string;
  readonly #path: string;
  readonly #rotation: FileConfig["rotation"];
  #file: FileHandle | undefined;
  #size = 0;
  /** Writes go one after another, whatever the concurrency. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(settings: ExporterSettings, userConfig: FileConfig) {
    this.#name = settings.name;
    this.#path = resolve(userConfig.path);
    this.#rotation = userConfig.rotation;
  }

  async start(): Promise<void> {
    try {
      makeFolder(dirname(this.#path));
      await this.#open();
    } catch (error) {
      const message = `exporters.${this.#name}.path: cannot write to ${this.#path}: ${fileReason(error)}`;
      throw new PermanentError("config_invalid", message, { cause: error });
    }
  }

  async export(fragments: readonly LogFragment[], signal: AbortSignal): Promise<ExportOutcome> {
    const count = countSpans(fragments);
    if (count === 0) return { type: "delivered" };
    let line: Buffer;
    try {
      line = Buffer.from(`${tracesToJson(decodeTraces(materialiseBody(fragments)))}\n`);
    } catch (error) {
      return unreadable(count, error);
    }
    const written = this.#last.then(() => this.#append(line, signal));
    this.#last = written;
    return written;
  }

  async shutdown(): Promise<void> {
    await this.#last;
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #open(): Promise<void> {
    const file = await open(this.#path, "a+", 0o640);
    this.#file = file;
    this.#size = (await file.stat()).size;
    if (this.#size === 0) return;
    const last = Buffer.alloc(1);
    const { bytesRead } = await file.read(last, 0, 1, this.#size - 1);
    if (bytesRead === 1 && last[0] !== NEWLINE) {
      await file.appendFile("\n");
      this.#size += 1;
    }
  }

  /** Never rejects, so that the chain of writes goes on. */
  async #append(line: Buffer, signal: AbortSignal): Promise<ExportOutcome> {
    if (signal.aborted) return { type: "retry", reason: "stopped before it was written" };
    try {
      if (this.#file === undefined) return { type: "retry", reason: `exporter ${this.#name} is not running` };
      if (this.#isFull(line.length)) await this.#rotate();
      await this.#file.appendFile(line);
      this.#size += line.length;
      return { type: "delivered" };
    } catch (error) {
      await this.#file?.truncate(this.#size).catch(() => {});
      const reason = messageOf(error);
      return { type: "retry", reason: `${this.#path}: ${reason}` };
    }
  }

  #isFull(more: number): boolean {
    const limit = this.#rotation?.max_megabytes;
    return limit !== undefined && this.#size > 0 && this.#size + more > limit * MEGABYTE;
  }

  /** `traces.jsonl` is set aside as `traces-2026-01-31T12-00-00.000Z.jsonl`. */
  async #rotate(): Promise<void> {
    const extension = extname(this.#path);
    const stem = basename(this.#path, extension);
    const folder = dirname(this.#path);
    await this.#file?.sync();
    const taken = new Set(await readdir(folder));
    let time = Date.now();
    const nameAt = (ms: number) => `${stem}-${new Date(ms).toISOString().replaceAll(":", "-")}${extension}`;
    while (taken.has(nameAt(time))) time++;
    await rename(this.#path, join(folder, nameAt(time)));
    const old = this.#file;
    await this.#open();
    await old?.close();
    await this.#dropOldest(folder, stem, extension);
  }

  async #dropOldest(folder: string, stem: string, extension: string): Promise<void> {
    const keep = this.#rotation?.max_backups ?? 0;
    if (keep === 0) return;
    const stamp = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/;
    const backups = (await readdir(folder))
      .filter((name) => name.startsWith(`${stem}-`) && name.endsWith(extension))
      .filter((name) => stamp.test(name.slice(stem.length + 1, name.length - extension.length)))
      .sort();
    for (const name of backups.slice(0, -keep)) await rm(join(folder, name), { force: true });
  }
}

/** Spans as files that others can read again: OTLP JSON Lines. */
export const fileExporter: ComponentFactory<FileConfig, ExporterSettings, Exporter> = {
  type: "file",
  stability: "beta",
  config,
  create: (settings, userConfig) => new FileExporter(settings, userConfig),
};
