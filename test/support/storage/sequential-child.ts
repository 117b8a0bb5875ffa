import { writeSync } from "node:fs";
import { openStore } from "../../../src/storage/open-store.ts";
import { recordingHost } from "../host.ts";
import { incoming, makeBody, range } from "./batches.ts";
import { storeSettings } from "./rig.ts";

/**
 * A process that stores one request after the other: `path`, `threadEntries`, `modules`, `full` or `normal`, how many.
 * Writes a line before the first and one after each acknowledgement, without a buffer in between.
 */
const [path, threadEntries, modules, synchronous, count] = process.argv.slice(2) as [
  string,
  string,
  string,
  "full" | "normal",
  string,
];
const store = await openStore(
  storeSettings(path, recordingHost(), {
    threadEntries,
    synchronous,
    modules: {
      ingest: { url: modules, config: {} },
      query: { url: modules, config: {} },
      export: { url: modules, config: { file: `${path}/exported.txt` } },
    },
  }),
);
writeSync(1, "ready\n");
for (let i = 0; i < Number(count); i++) {
  await store.append(incoming(makeBody("child", range(1 + i * 10, 10))));
  writeSync(1, `acked ${i}\n`);
}
// What the store does when it closes is not of interest here.
process.exit(0);
