import { MessageChannel, type Transferable } from "node:worker_threads";
import { type Connect, type ReadServer, type ViewHost, wholeAnswer } from "../../component/read.ts";
import type { QueryModule } from "../../component/store.ts";
import { traceKeyStart } from "../../model/ids.ts";
import { BodyPool } from "../block/body-pool.ts";
import { RecentBodies } from "../block/recent-bodies.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { QueryCore } from "../read/query-core.ts";
import { createTraceReader, traceReaderSettings } from "../read/trace-reader.ts";
import { chooseDriver } from "../sqlite/choose-driver.ts";
import { openIn } from "../sqlite/storage-errors.ts";
import { FolderGate } from "./folder-gate.ts";
import type { FromQuery, ToQuery } from "./messages.ts";
import { PortStream } from "./port-stream.ts";
import { importFunction, runThread } from "./worker-port.ts";

/** Entry of the thread that answers views. */
await runThread<ToQuery>(async (port) => {
  const { settings, module, recent, gate } = port.data;
  const driver = chooseDriver(settings.driver);
  const loadViews = (await importFunction(module.url, "loadViews")) as QueryModule["loadViews"];
  const loadServer = (await importFunction(module.url, "loadServer")) as QueryModule["loadServer"];
  const table = await loadViews();
  new FolderGate(gate).wait();
  const pool = new BodyPool();
  const source = new StoredSource(
    openIn(settings.path, () => fileAccess(driver, settings.path)),
    (segment, reason) => port.post({ type: "damaged", segment, reason } satisfies FromQuery),
    {
      recent: new RecentBodies(recent, pool),
      onTrouble: (reason) => port.post({ type: "trouble", reason } satisfies FromQuery),
    },
  );
  const loading = new AbortController();
  const reader = createTraceReader(
    source,
    traceReaderSettings(traceKeyStart(settings.strictTraceId)),
    loading.signal,
    pool,
  );
  const core = new QueryCore(reader, table, port.host, pool);
  const running = new Set<Promise<unknown>>();
  const cancels = new Map<number, AbortController>();
  let serving: { readonly server: ReadServer; readonly hurry: AbortController } | undefined;

  /** A view is under way from the turn in which it was asked for. */
  const views: ViewHost = {
    view(name, params, signal) {
      const result = Promise.resolve().then(() => core.view(name, params, signal));
      const done: Promise<unknown> = result
        .then(({ rest }) => rest?.ended)
        .catch(() => {})
        .finally(() => running.delete(done));
      running.add(done);
      return result;
    },
  };

  const connect: Connect = (peer) => {
    const { port1, port2 } = new MessageChannel();
    port.post({ type: "stream", port: port2, peer } satisfies FromQuery, [port2]);
    return new PortStream(port1, peer);
  };

  const answerView = async (id: number, name: string, params: unknown) => {
    const cancel = new AbortController();
    cancels.set(id, cancel);
    try {
      const result = await wholeAnswer(await views.view(name, params, cancel.signal));
      port.answer(id, result, wholeBuffer(result.body));
    } catch (error) {
      port.refuse(id, error);
    } finally {
      cancels.delete(id);
    }
  };

  const answer = async (id: number, run: () => Promise<unknown>) => {
    try {
      port.answer(id, await run());
    } catch (error) {
      port.refuse(id, error);
    }
  };

  port.serve((message) => {
    switch (message.type) {
      case "view":
        void answerView(message.id, message.name, message.params);
        return;
      case "cancel":
        cancels.get(message.view)?.abort();
        return;
      case "check_deletions":
        source.checkDeletions();
        port.answer(message.id, undefined);
        return;
      case "release": {
        const { id, segments } = message;
        void Promise.allSettled(message.gently ? running : []).then(() => {
          source.release(segments);
          port.answer(id, undefined);
        });
        return;
      }
      case "serve": {
        const { config, at } = message;
        void answer(message.id, async () => {
          const server = (await loadServer(true))(config, { views, host: port.host, connect, at });
          serving = { server, hurry: new AbortController() };
          return server.start();
        });
        return;
      }
      case "accept":
        if (serving === undefined) message.port.close();
        else serving.server.accept(new PortStream(message.port, message.peer));
        return;
      case "stop_serving":
        void answer(message.id, async () => serving?.server.shutdown(serving.hurry.signal));
        return;
      case "hurry":
        serving?.hurry.abort();
        return;
      case "metrics":
        port.answer(message.id, port.host.metrics.snapshot());
        return;
      case "close":
        loading.abort();
        serving?.hurry.abort();
        for (const cancel of cancels.values()) cancel.abort();
        void Promise.allSettled([...running, serving?.server.shutdown(serving.hurry.signal)]).then(() => {
          source.close();
          port.end(message.id);
        });
    }
  });
  // While the main thread loads its own servers; who asks for the server is told when that fails.
  loadServer(true).catch(() => {});
});

/** A buffer that belongs to the bytes alone is handed over; a slice of a larger one has to be copied. */
function wholeBuffer(bytes: Uint8Array<ArrayBuffer>): Transferable[] {
  return bytes.byteLength > 0 && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
