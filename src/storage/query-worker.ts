import type { Transferable } from "node:worker_threads";
import type { ViewTable } from "../component/read.ts";
import { chooseDriver } from "./choose-driver.ts";
import { FolderGate } from "./folder-gate.ts";
import type { FromReader, ToQuery } from "./messages.ts";
import { QueryCore } from "./query-core.ts";
import { RecentBodies } from "./recent-bodies.ts";
import { openIn } from "./storage-errors.ts";
import { fileAccess, StoredSource } from "./stored-source.ts";
import { createTraceReader, DEFAULT_TRACE_READER } from "./trace-reader.ts";
import { importFunction, runThread } from "./worker-port.ts";

/** Entry of the thread that answers views. */
await runThread<ToQuery>(async (port) => {
  const { settings, module, recent, gate } = port.data;
  const driver = chooseDriver(settings.driver);
  const views = (await importFunction(module.url, "views")) as ViewTable;
  new FolderGate(gate).wait();
  const source = new StoredSource(
    openIn(settings.path, () => fileAccess(driver, settings.path)),
    (segment, reason) => port.post({ type: "damaged", segment, reason } satisfies FromReader),
    new RecentBodies(recent),
  );
  const loading = new AbortController();
  const core = new QueryCore(createTraceReader(source, DEFAULT_TRACE_READER, loading.signal), views, port.host);
  const running = new Map<number, { readonly cancel: AbortController; readonly done: Promise<void> }>();

  const view = async (id: number, name: string, params: unknown, signal: AbortSignal) => {
    try {
      const result = await core.view(name, params, signal);
      port.answer(id, result, wholeBuffer(result.body));
    } catch (error) {
      port.refuse(id, error);
    } finally {
      running.delete(id);
    }
  };

  port.serve((message) => {
    switch (message.type) {
      case "view": {
        const cancel = new AbortController();
        const { id } = message;
        // The entry must be there before the view can end.
        const done = Promise.resolve().then(() => view(id, message.name, message.params, cancel.signal));
        running.set(id, { cancel, done });
        return;
      }
      case "cancel":
        running.get(message.view)?.cancel.abort();
        return;
      case "check_deletions":
        source.checkDeletions();
        port.answer(message.id, undefined);
        return;
      case "release": {
        const { id, segments } = message;
        const before = message.gently ? [...running.values()].map(({ done }) => done) : [];
        void Promise.allSettled(before).then(() => {
          source.release(segments);
          port.answer(id, undefined);
        });
        return;
      }
      case "metrics":
        port.answer(message.id, port.host.metrics.snapshot());
        return;
      case "close":
        loading.abort();
        for (const { cancel } of running.values()) cancel.abort();
        void Promise.allSettled([...running.values()].map(({ done }) => done)).then(() => {
          source.close();
          port.end(message.id);
        });
    }
  });
});

/** A buffer that belongs to the bytes alone is handed over; a slice of a larger one has to be copied. */
function wholeBuffer(bytes: Uint8Array<ArrayBuffer>): Transferable[] {
  return bytes.byteLength > 0 && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
