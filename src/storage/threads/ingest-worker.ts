import type { IngestModule } from "../../component/store.ts";
import { RecentBodies } from "../block/recent-bodies.ts";
import { IngestCore } from "../log/ingest-core.ts";
import { chooseDriver } from "../sqlite/choose-driver.ts";
import { packOutcomes, unpackGroup } from "./batch-group.ts";
import { FolderGate } from "./folder-gate.ts";
import type { FromIngest, ToIngest } from "./messages.ts";
import { lowerPriority, NICENESS } from "./niceness.ts";
import { importFunction, runThread } from "./worker-port.ts";

/** Entry of the thread that prepares and commits batches. */
await runThread<ToIngest>(async (port) => {
  const { settings, module, recent, gate } = port.data;
  const createPipeline = (await importFunction(module.url, "createPipeline")) as IngestModule["createPipeline"];
  const releases = new Map<number, () => void>();
  let lastRelease = 0;
  const core = new IngestCore({
    settings,
    driver: chooseDriver(settings.driver),
    pipeline: createPipeline(module.config, port.host),
    host: port.host,
    recent: new RecentBodies(recent),
    onTrouble: (reason) => port.post({ type: "trouble", reason } satisfies FromIngest),
    release: (segments, gently = false) =>
      new Promise<void>((resolve) => {
        const release = ++lastRelease;
        releases.set(release, resolve);
        port.post({ type: "release", release, segments, gently } satisfies FromIngest);
      }),
  });
  new FolderGate(gate).open();
  lowerPriority(NICENESS.ingest);
  port.serve((message) => {
    switch (message.type) {
      case "append":
        port.answer(message.id, packOutcomes(core.append(unpackGroup(message.group))));
        core.settle();
        return;
      case "later":
        void core.later(message.key).then((outcome) => port.answer(message.id, outcome));
        return;
      case "reconfigure":
        try {
          core.setPipeline(createPipeline(message.config, port.host));
          port.answer(message.id, undefined);
        } catch (error) {
          port.refuse(message.id, error);
        }
        return;
      case "maintain":
        core.maintain(message.job).then(
          (value) => port.answer(message.id, value),
          (error: unknown) => port.refuse(message.id, error),
        );
        return;
      case "quarantine":
        void core.quarantine(message.segment, message.reason);
        return;
      case "released":
        releases.get(message.release)?.();
        releases.delete(message.release);
        return;
      case "metrics":
        port.answer(message.id, port.host.metrics.snapshot());
        return;
      case "close":
        core.close();
        port.end(message.id);
    }
  });
});
