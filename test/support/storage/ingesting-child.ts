import { openStore } from "../../../src/storage/open-store.ts";
import { recordingHost } from "../host.ts";
import { incoming, MADE_AT_MS, makeBody, range } from "./batches.ts";
import { storeSettings } from "./rig.ts";

/**
 * A process that stores spans until it is killed: `path`, `threadEntries`, `modules`, first span id. Prints `ready`,
 * then `acked <first> <count>` for each acknowledged request. With `once` it stores one request, closes, and must exit
 * by itself.
 */
const [path, threadEntries, modules, first, once] = process.argv.slice(2) as [string, string, string, string, string?];
const store = await openStore(
  storeSettings(path, recordingHost(), {
    threadEntries,
    segment: { maxSpans: 2_000, maxBytes: 1 << 30, maxAgeMs: 1e9 },
    modules: {
      ingest: { url: modules, config: undefined },
      query: { url: modules, config: undefined },
      export: { url: modules, config: { file: `${path}/exported.txt` } },
    },
  }),
);
process.stdout.write("ready\n");
let next = Number(first);

const send = async () => {
  const at = next;
  next += 40;
  await store.append(incoming(makeBody("child", range(at, 40)), MADE_AT_MS));
  process.stdout.write(`acked ${at} 40\n`);
};

if (once === undefined) {
  const sender = async () => {
    for (;;) await send();
  };
  await Promise.all(Array.from({ length: 6 }, sender));
} else {
  await send();
  await store.close(AbortSignal.timeout(10_000));
  process.stdout.write("closed\n");
}
