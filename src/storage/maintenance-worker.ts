import { setPriority } from "node:os";
import { chooseDriver } from "./choose-driver.ts";
import type { FromReader, ToMaintenance } from "./messages.ts";
import { Sealer } from "./sealing/sealer.ts";
import { fileAccess, StoredSource } from "./stored-source.ts";
import { runThread } from "./worker-port.ts";

/** On Linux niceness belongs to the thread: with both cores busy sealing then gets about a tenth of one. */
const NICENESS = 10;
/** Elsewhere it belongs to the process, so the thread sleeps instead. */
const SHARE_WITHOUT_NICENESS = 0.25;

/** Entry of the thread that seals segments. */
await runThread<ToMaintenance>(async (port) => {
  const { settings } = port.data;
  const driver = chooseDriver(settings.driver);
  const source = new StoredSource(fileAccess(driver, settings.path), (segment, reason) =>
    port.post({ type: "damaged", segment, reason } satisfies FromReader),
  );
  const sealer = new Sealer({
    driver,
    folder: settings.path,
    source,
    share: lowerPriority() ? 1 : SHARE_WITHOUT_NICENESS,
  });
  port.serve((message) => {
    switch (message.type) {
      case "seal":
        sealer.seal(message.task).then(
          (outcome) => port.answer(message.id, outcome),
          (error: unknown) => port.refuse(message.id, error),
        );
        return;
      case "release":
        source.release(message.segments);
        port.answer(message.id, undefined);
        return;
      case "metrics":
        port.answer(message.id, port.host.metrics.snapshot());
        return;
      case "close":
        void sealer.stop().then(() => {
          source.close();
          port.end(message.id);
        });
    }
  });
});

function lowerPriority(): boolean {
  if (process.platform !== "linux") return false;
  try {
    // 0 is the calling thread there.
    setPriority(0, NICENESS);
    return true;
  } catch {
    return false;
  }
}
