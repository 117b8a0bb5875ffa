import { afterEach, describe, expect, it } from "vitest";
import { incoming, makeBody, range, scannerPipeline, spanNumbers } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../../../test/support/storage/rig.ts";
import { decodeBlockIndex } from "../block/block-index.ts";
import { IngestCore } from "./ingest-core.ts";
import type { SealTask } from "./seal-task.ts";
import { fileAccess, StoredSource } from "./stored-source.ts";

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;
const TODAY = 1_795_000_000_000;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** A store whose clock the test sets, in segments of 100 spans, with a day of retention. */
function storeAt(startMs: number) {
  const temp = tempFolder();
  const host = recordingHost();
  const clock = { nowMs: startMs };
  const sources: StoredSource[] = [];
  const core = new IngestCore({
    settings: storeSettings(temp.path, host, {
      segment: { maxSpans: 100, maxBytes: 1 << 30, maxAgeMs: HOUR },
      retention: { maxAgeMs: 24 * HOUR, maxBytes: undefined },
      sealing: { enabled: true, minAgeMs: 5 * 60_000 },
    }),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async (ids) => {
      for (const source of sources) source.release(ids);
    },
    now: () => clock.nowMs,
  });
  const source = new StoredSource(fileAccess(testDriver, temp.path), () => {});
  sources.push(source);
  cleanups.push(() => {
    source.close();
    core.close();
    temp.remove();
  });
  let next = 1;
  return {
    core,
    clock,
    host,
    append(count: number) {
      const [outcome] = core.append([incoming(makeBody("s", range(next, count)), clock.nowMs)]);
      expect(outcome?.type).toBe("stored");
      next += count;
      core.settle();
    },
    stored: () =>
      source
        .segments()
        .flatMap(({ id }) =>
          source.blocksAfter(id, 0, 1000).flatMap(({ index }) => spanNumbers(decodeBlockIndex(index))),
        ),
    due: () =>
      core.maintain({
        type: "next_seal",
        floor: { segment: Number.MAX_SAFE_INTEGER, block: 0 },
        atOnce: false,
      }) as Promise<SealTask | undefined>,
    states: () => core.segments.readable().map(({ state }) => state),
  };
}

const numbers = (count: number) => range(1, count).map(({ id }) => id);

describe("a clock that goes back", () => {
  it("far ahead at first: the segment of that time is closed, sealed, and goes with those that follow", async () => {
    const store = storeAt(TODAY + 14 * YEAR);
    store.append(10);
    store.clock.nowMs = TODAY;
    store.append(10);
    expect(store.states()).toEqual(["closed", "open"]);
    expect(await store.due()).toBeUndefined();
    store.clock.nowMs += HOUR;
    expect((await store.due())?.source).toBe(1);
    await store.core.sweep();
    store.append(100);
    store.clock.nowMs += 22 * HOUR;
    await store.core.sweep();
    expect(store.stored()).toEqual(numbers(120));
    store.clock.nowMs += 3 * HOUR;
    await store.core.sweep();
    expect(store.stored()).toEqual([]);
  });

  it("to long ago, and comes right again: what was received meanwhile is not too old, nor what was before", async () => {
    const store = storeAt(TODAY);
    store.append(60);
    store.clock.nowMs = 1_000;
    store.append(60);
    store.append(100);
    store.append(100);
    expect(store.states()).toEqual(["closed", "closed", "closed", "open"]);
    store.clock.nowMs = TODAY + HOUR;
    await store.core.sweep();
    expect(store.stored()).toEqual(numbers(320));
    expect((await store.due())?.source).toBe(1);
    store.clock.nowMs = TODAY + 25 * HOUR;
    await store.core.sweep();
    expect(store.stored()).toEqual([]);
  });
});

describe("a clock that leaps forward", () => {
  it("removes nothing by age before somebody could set it right", () => {
    const store = storeAt(TODAY);
    store.append(100);
    store.append(10);
    store.core.housekeep();
    store.clock.nowMs = TODAY + YEAR;
    store.core.housekeep();
    expect(store.stored()).toEqual(numbers(110));
    expect(store.host.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
    store.append(10);
    store.clock.nowMs = TODAY + 1000;
    store.core.housekeep();
    expect(store.stored()).toEqual(numbers(120));
  });
});
