import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { Sealer } from "../sealing/sealer.ts";
import { chooseDriver } from "../sqlite/choose-driver.ts";
import type { FromReader, ToSealing } from "./messages.ts";
import { lowerPriority, NICENESS } from "./niceness.ts";
import { runThread } from "./worker-port.ts";

/** Where a thread has no priority of its own it sleeps instead. */
const SHARE_WITHOUT_NICENESS = 0.25;

/** Entry of the thread that seals segments. */
await runThread<ToSealing>(async (port) => {
  const { settings } = port.data;
  const driver = chooseDriver(settings.driver);
  const source = new StoredSource(fileAccess(driver, settings.path), (segment, reason) =>
    port.post({ type: "damaged", segment, reason } satisfies FromReader),
  );
  const sealer = new Sealer({
    driver,
    folder: settings.path,
    source,
    share: lowerPriority(NICENESS.sealing) ? 1 : SHARE_WITHOUT_NICENESS,
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
