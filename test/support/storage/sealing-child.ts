import { openStore } from "../../../src/storage/open-store.ts";
import { recordingHost } from "../host.ts";
import { incoming, makeBody, range } from "./batches.ts";
import { storeSettings } from "./rig.ts";

/**
 * A process that stores spans in small segments and seals each as soon as it is closed, until it is killed: `path`,
 * `threadEntries`, `modules`, first span id. Prints `ready`, then `acked <first> <count>` for each acknowledged request
 * and `sealed <count>` for each segment that a compaction has sealed.
 */
const [path, threadEntries, modules, first] = process.argv.slice(2) as [string, string, string, string];
const host = recordingHost();
const store = await openStore(
  storeSettings(path, host, {
    threadEntries,
    segment: { maxSpans: 2_000, maxBytes: 1 << 30, maxAgeMs: 1e9 },
    sealing: { enabled: true, minAgeMs: 0 },
    modules: {
      ingest: { url: modules, config: undefined },
      query: { url: modules, config: undefined },
      export: { url: modules, config: { file: `${path}/exported.txt` } },
    },
  }),
);
process.stdout.write("ready\n");
let next = Number(first);

const sender = async () => {
  for (;;) {
    const at = next;
    next += 40;
    await store.append(incoming(makeBody("child", range(at, 40))));
    process.stdout.write(`acked ${at} 40\n`);
  }
};
const compactor = async () => {
  for (;;) await store.compact((sealed) => process.stdout.write(`sealed ${sealed}\n`));
};
await Promise.all([sender(), sender(), compactor()]);
