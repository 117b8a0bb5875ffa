import { createHash } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { StoredInstance } from "../../../src/component/discovery.ts";
import { openRegistryStore } from "../../../src/storage/folder/registry-store.ts";
import { openStore } from "../../../src/storage/open-store.ts";
import type { SqliteDriverName } from "../../../src/storage/sqlite/choose-driver.ts";
import { recordingHost } from "../host.ts";
import { incoming, makeBody } from "../storage/batches.ts";
import { storeSettings } from "../storage/rig.ts";
import { type RunMark, recordedSpan, traceIdOf } from "./recorded-spans.ts";

/**
 * A process that does to a store what a collector does, all of it within seconds, and writes into the marks what was
 * promised when: `path`, `threadEntries`, `modules`, the driver, the file of the marks.
 */
const [path, threadEntries, modules, driver, marks] = process.argv.slice(2) as [
  string,
  string,
  string,
  SqliteDriverName,
  string,
];
const HOUR_MS = 3_600_000;
const fd = openSync(marks, "w");
const say = (mark: RunMark) => void writeSync(fd, JSON.stringify(mark));
const host = recordingHost();

const open = () =>
  openStore(
    storeSettings(path, host, {
      threadEntries,
      driver,
      segment: { maxSpans: 160, maxBytes: 1 << 30, maxAgeMs: 1e9 },
      retention: { maxAgeMs: 3 * HOUR_MS, maxBytes: undefined },
      sealing: { enabled: true, minAgeMs: 0 },
      modules: {
        ingest: { url: modules, config: undefined },
        query: { url: modules, config: undefined },
        export: { url: modules, config: { file: marks } },
      },
    }),
  );

let store = await open();
let registry = openRegistryStore(path, host.logger, driver);
let next = 1;
let registered = 0;

async function send(receivedAtMs: number): Promise<void> {
  const ids = Array.from({ length: 12 }, () => next++);
  say({ type: "sent", ids });
  await store.append(incoming(makeBody("recorded", ids.map(recordedSpan)), receivedAtMs));
  say({ type: "acknowledged", ids });
}

async function remove(trace: number): Promise<void> {
  say({ type: "deleting", trace });
  await store.deleteTraces([traceIdOf(trace)]);
  say({ type: "deleted", trace });
}

function register(): void {
  const id = `instance-${registered % 7}`;
  registered++;
  if (registered % 5 === 0) {
    say({ type: "registering", id, at: undefined });
    registry.remove(id);
  } else {
    say({ type: "registering", id, at: registered });
    registry.put(instance(id, registered));
  }
}

function instance(id: string, at: number): StoredInstance {
  const tags = [createHash("sha512").update(`${id}/${at}`).digest("hex").repeat(4)];
  return {
    instance: {
      id,
      service: "recorded",
      address: "127.0.0.1",
      port: at,
      tags,
    } as unknown as StoredInstance["instance"],
    checks: [],
    registeredAtMs: at,
  };
}

async function rounds(count: number, receivedAtMs: () => number): Promise<void> {
  for (let round = 0; round < count; round++) {
    await Promise.all(Array.from({ length: 3 }, () => send(receivedAtMs())));
    register();
    if (round % 4 === 3) await remove(Math.floor((next - 20) / 4));
  }
}

/** Longer than the store looks at idle work: checkpoints, retention. */
const quiet = () => sleep(1_300);
const now = () => Date.now();

say({ type: "old", through: 180 });
await rounds(5, () => now() - 4 * HOUR_MS);
await Promise.all([store.compact(), rounds(4, now)]);
await quiet();
await rounds(4, now);
await store.close(AbortSignal.timeout(10_000));
registry.close();
store = await open();
registry = openRegistryStore(path, host.logger, driver);
await Promise.all([store.compact(), rounds(6, now)]);
await quiet();
say({ type: "emptying", through: next - 1 });
await store.deleteAll();
say({ type: "emptied", through: next - 1 });
await rounds(6, now);
await Promise.all([store.compact(), rounds(5, now)]);
await store.close(AbortSignal.timeout(10_000));
registry.close();
const errors = host.lines.filter(({ level }) => level === "error");
if (errors.length > 0) throw new Error(JSON.stringify(errors));
process.exit(0);
