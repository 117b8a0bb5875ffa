import type { LocalSource } from "../api/local-source.ts";
import type { FileAnswer, FileRequest, OpenedFiles } from "./file-messages.ts";

/** What of files this tab has: nothing, some that are being read, or some that were. */
export type FilesState =
  | { readonly kind: "none" }
  | { readonly kind: "reading"; readonly names: readonly string[] }
  | { readonly kind: "failed"; readonly names: readonly string[]; readonly message: string }
  | { readonly kind: "open"; readonly opened: OpenedFiles };

type Ask = FileRequest extends infer Each ? (Each extends unknown ? Omit<Each, "number"> : never) : never;

/** Files of traces that are open in this tab: read in a worker, kept in its memory, stored nowhere. */
export class OpenFiles implements LocalSource {
  readonly saved = false;
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Map<number, (answer: FileAnswer) => void>();
  readonly #createWorker: () => Worker;
  #worker: Worker | undefined;
  #asked = 0;
  #state: FilesState = { kind: "none" };
  #ids: ReadonlySet<string> = new Set();

  constructor(createWorker: () => Worker = createFileWorker) {
    this.#createWorker = createWorker;
  }

  /** The same object until something changes. */
  get state(): FilesState {
    return this.#state;
  }

  /**
   * Reads files in the place of those that were open. What cannot be read leaves them closed.
   * @returns what they hold; undefined where they could not be read, or others were opened meanwhile
   */
  async open(files: readonly File[]): Promise<OpenedFiles | undefined> {
    this.close();
    const names = files.map(({ name }) => name);
    const reading: FilesState = { kind: "reading", names };
    this.#change(reading, []);
    const answer = await this.#ask({ kind: "read", files });
    if (this.#state !== reading) return undefined;
    if (answer.kind !== "read") {
      const message = answer.kind === "failed" ? answer.message : "the file could not be read";
      this.close();
      this.#change({ kind: "failed", names, message }, []);
      return undefined;
    }
    const { opened } = answer;
    this.#change(
      { kind: "open", opened },
      opened.traces.map(({ traceId }) => traceId),
    );
    return opened;
  }

  /** Forgets them, and frees their memory. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [number, told] of waiting) told({ number, kind: "failed", message: "the file was closed" });
    this.#change({ kind: "none" }, []);
  }

  has(traceId: string): boolean {
    return this.#ids.has(traceId);
  }

  async answer(path: string, query: Readonly<Record<string, string>>): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const answer = await this.#ask({ kind: "ask", path, query });
    if (answer.kind === "failed") throw new Error(answer.message);
    return answer.kind === "told" ? answer.bytes : undefined;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #ask(request: Ask): Promise<FileAnswer> {
    const number = ++this.#asked;
    this.#worker ??= this.#started();
    const { promise, resolve } = Promise.withResolvers<FileAnswer>();
    this.#waiting.set(number, resolve);
    this.#worker.postMessage({ ...request, number });
    return promise;
  }

  #started(): Worker {
    const worker = this.#createWorker();
    worker.onmessage = ({ data }: MessageEvent<FileAnswer>) => this.#tell(data);
    // Its script did not load, or it ran out of memory: nothing will be answered.
    worker.onerror = () => {
      const message = "the part of the page that reads files ended: the file may be too large for this browser";
      for (const number of [...this.#waiting.keys()]) this.#tell({ number, kind: "failed", message });
    };
    return worker;
  }

  #tell(answer: FileAnswer): void {
    const told = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    told?.(answer);
  }

  #change(state: FilesState, ids: readonly string[]): void {
    this.#state = state;
    this.#ids = new Set(ids);
    for (const listener of this.#listeners) listener();
  }
}

function createFileWorker(): Worker {
  return new Worker(new URL("./file-worker.ts", import.meta.url), { type: "module" });
}
