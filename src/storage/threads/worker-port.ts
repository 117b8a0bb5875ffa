import { type MessagePort, parentPort, type Transferable, workerData } from "node:worker_threads";
import type { Host } from "../../component/component.ts";
import { PermanentError, toErrorRecord } from "../../component/errors.ts";
import type { LogFields, Logger, LogLevel } from "../../component/logger.ts";
import { Metrics } from "../../component/metrics.ts";
import { heapSamples } from "../../component/thread-samples.ts";
import type { FromThread, ThreadData } from "./messages.ts";

/** The worker's end of the line to the main thread. */
export interface ThreadPort<To> {
  readonly data: ThreadData;
  readonly host: Host;
  post(message: unknown, transfer?: readonly Transferable[]): void;
  answer(id: number, value: unknown, transfer?: readonly Transferable[]): void;
  refuse(id: number, error: unknown): void;
  /** Starts taking messages and says that the thread is ready. */
  serve(handle: (message: To) => void): void;
  /** Answers `id`, takes no more messages, and so lets the thread end when nothing else is open. */
  end(id: number): void;
}

/**
 * Runs the start of a thread: what `start` throws is reported to the main thread as the reason why it did not start.
 */
export async function runThread<To>(start: (port: ThreadPort<To>) => Promise<void>): Promise<void> {
  if (parentPort === null) throw new Error("this module is the entry of a worker thread of the store");
  const parent = parentPort;
  try {
    await start(threadPort(parent));
  } catch (error) {
    const failed: FromThread = { type: "failed", error: toErrorRecord(error) };
    parent.postMessage(failed);
    parent.close();
  }
}

/** The export `name` of the module that the application gave for this thread. Throws PermanentError `internal`. */
export async function importFunction(url: string, name: string): Promise<unknown> {
  const module: Readonly<Record<string, unknown>> = await import(url);
  if (module[name] === undefined) {
    throw new PermanentError("internal", `the thread module ${url} does not export ${name}`);
  }
  return module[name];
}

function threadPort<To>(parent: MessagePort): ThreadPort<To> {
  const data = workerData as ThreadData;
  const post = (message: unknown, transfer: readonly Transferable[] = []) => parent.postMessage(message, transfer);
  const metrics = new Metrics();
  metrics.onSnapshot(() => heapSamples(data.thread));
  return {
    data,
    host: {
      logger: threadLogger(post),
      metrics,
      userAgent: data.userAgent,
      ...(data.reportsWork ? { reportWork: (work) => post({ type: "work", work } satisfies FromThread) } : {}),
    },
    post,
    answer(id, value, transfer) {
      post({ type: "answer", id, value } satisfies FromThread, transfer);
    },
    refuse(id, error) {
      post({ type: "refused", id, error: toErrorRecord(error) } satisfies FromThread);
    },
    serve(handle) {
      parent.on("message", handle);
      post({ type: "ready" } satisfies FromThread);
    },
    end(id) {
      post({ type: "answer", id, value: undefined } satisfies FromThread);
      parent.close();
    },
  };
}

function threadLogger(post: (message: FromThread) => void): Logger {
  const log =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) =>
      post({ type: "log", level, message, fields });
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}
