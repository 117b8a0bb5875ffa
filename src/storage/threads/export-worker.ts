import { join } from "node:path";
import type { ExportModule } from "../../component/store.ts";
import { traceKeyStart } from "../../model/ids.ts";
import { aggregateBytes, createAggregates } from "../aggregates/builtin.ts";
import { RecentBodies } from "../block/recent-bodies.ts";
import { openConsumersDb } from "../consumers/consumers-db.ts";
import { ExportCore } from "../consumers/export-core.ts";
import { CONSUMERS_FILE } from "../folder/layout.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { chooseDriver } from "../sqlite/choose-driver.ts";
import { openIn } from "../sqlite/storage-errors.ts";
import { FolderGate } from "./folder-gate.ts";
import type { FromReader, ToExport } from "./messages.ts";
import { lowerPriority, NICENESS } from "./niceness.ts";
import { importFunction, runThread } from "./worker-port.ts";

/** Entry of the thread that drives exporters and aggregates along the log. */
await runThread<ToExport>(async (port) => {
  const { settings, module, recent, gate } = port.data;
  const driver = chooseDriver(settings.driver);
  const { host } = port;
  const createExporters = (await importFunction(module.url, "createExporters")) as ExportModule["createExporters"];
  const exporters = await createExporters(module.config, host);
  new FolderGate(gate).wait();
  const { db, wasDamaged } = openIn(settings.path, () =>
    openConsumersDb(driver, join(settings.path, CONSUMERS_FILE), host.logger),
  );
  const source = new StoredSource(
    openIn(settings.path, () => fileAccess(driver, settings.path)),
    (segment, reason) => port.post({ type: "damaged", segment, reason } satisfies FromReader),
    {
      recent: new RecentBodies(recent),
      onTrouble: (reason) => port.post({ type: "trouble", reason } satisfies FromReader),
    },
  );
  const core = new ExportCore({
    source,
    db,
    exporters,
    aggregates: createAggregates(traceKeyStart(settings.strictTraceId)),
    maxAggregateBytes: aggregateBytes(settings.retention.maxBytes),
    host,
    drainOnClose: false,
    cursorsLost: wasDamaged,
  });
  const { exportFilters } = port.data;
  if (exportFilters !== undefined) core.filterExports(exportFilters);
  await core.start();
  lowerPriority(NICENESS.export);
  const hurry = new AbortController();

  const close = async (id: number) => {
    await core.close(hurry.signal);
    source.close();
    db.close();
    port.end(id);
  };

  port.serve((message) => {
    switch (message.type) {
      case "advanced":
        core.advanced();
        return;
      case "status":
        try {
          port.answer(message.id, core.status());
        } catch (error) {
          port.refuse(message.id, error);
        }
        return;
      case "floor":
        port.answer(message.id, core.floor());
        return;
      case "catch_up":
        core.catchUp().then(
          () => port.answer(message.id, undefined),
          (error: unknown) => port.refuse(message.id, error),
        );
        return;
      case "forget":
        try {
          core.forget();
          port.answer(message.id, undefined);
        } catch (error) {
          port.refuse(message.id, error);
        }
        return;
      case "resend":
        try {
          port.answer(message.id, core.resend(message.exporter, message.sinceMs));
        } catch (error) {
          port.refuse(message.id, error);
        }
        return;
      case "filter":
        try {
          core.filterExports(message.filters);
          port.answer(message.id, undefined);
        } catch (error) {
          port.refuse(message.id, error);
        }
        return;
      case "check_deletions":
        source.checkDeletions();
        port.answer(message.id, undefined);
        return;
      case "release":
        source.release(message.segments);
        port.answer(message.id, undefined);
        return;
      case "metrics":
        port.answer(message.id, host.metrics.snapshot());
        return;
      case "hurry":
        hurry.abort();
        return;
      case "close":
        void close(message.id);
    }
  });
});
