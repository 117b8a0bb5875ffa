import "../local/buffer-global.ts";
import { messageOf } from "../../../src/model/message-of.ts";
import { localAnswer } from "../../../src/query/local/local-answers.ts";
import { LocalTraces } from "../../../src/query/local/local-traces.ts";
import { readTraceFile } from "../../../src/query/local/read-file.ts";
import type { FileAnswer, FileRequest, OpenedFiles } from "./file-messages.ts";
import { readWhole } from "./read-whole.ts";

// Reads files beside the page, which stays responsive, and answers what the page would ask the collector about them.

class FileWorker {
  #traces = new LocalTraces();
  /** One look for each service in all traces of the files. */
  #places: ReadonlyMap<string, number> = new Map();

  async answer(request: FileRequest): Promise<FileAnswer> {
    const { number } = request;
    try {
      if (request.kind === "read") return { number, kind: "read", opened: await this.#read(request.files) };
      return {
        number,
        kind: "told",
        bytes: localAnswer(this.#traces, request.path, request.query, { places: this.#places }),
      };
    } catch (error) {
      return { number, kind: "failed", message: messageOf(error) };
    }
  }

  async #read(files: readonly File[]): Promise<OpenedFiles> {
    const read = new LocalTraces();
    const formats = new Set<string>();
    const notes: string[] = [];
    let spans = 0;
    for (const file of files) {
      const prefix = files.length === 1 ? "" : `${file.name}: `;
      try {
        const found = readTraceFile(await readWhole(file));
        read.addAll(found.traces);
        formats.add(found.format);
        spans += found.spans;
        if (found.notes !== "") notes.push(prefix + found.notes);
      } catch (error) {
        throw new Error(prefix + messageOf(error), { cause: error });
      }
    }
    const list = read.list();
    this.#traces = read;
    const services = new Set(list.flatMap((trace) => trace.services));
    this.#places = new Map(Array.from(services, (name, place) => [name, place]));
    return {
      names: files.map(({ name }) => name),
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      format: [...formats].join(", "),
      spans,
      notes: notes.join("; "),
      traces: list,
    };
  }
}

const worker = new FileWorker();
addEventListener("message", async ({ data }: MessageEvent<FileRequest>) => {
  const answer = await worker.answer(data);
  const transfer = answer.kind === "told" && answer.bytes !== undefined ? [answer.bytes.buffer] : [];
  postMessage(answer, { transfer });
});
