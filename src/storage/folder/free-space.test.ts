import { expect, it } from "vitest";
import { incoming, makeBody, range, scannerPipeline } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../../../test/support/storage/rig.ts";
import { IngestCore } from "../log/ingest-core.ts";

it("removes the oldest spans near the reserve, refuses new ones below it, and recovers by itself", async () => {
  const temp = tempFolder();
  const host = recordingHost();
  let free = 1000;
  const core = new IngestCore({
    settings: storeSettings(temp.path, host, {
      minFreeBytes: 100,
      segment: { maxSpans: 100, maxBytes: 1 << 30, maxAgeMs: 1e9 },
    }),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async () => {},
    freeBytes: () => free,
  });
  try {
    const append = (first: number) => {
      const [outcome] = core.append([incoming(makeBody("s", range(first, 100)))]);
      core.settle();
      return outcome;
    };
    for (let i = 0; i < 3; i++) expect(append(i * 100 + 1)?.type).toBe("stored");
    const closed = () => core.segments.readable().filter(({ state }) => state === "closed").length;
    expect(closed()).toBe(3);

    free = 120;
    core.housekeep();
    await core.sweep();
    expect(closed()).toBe(2);
    expect(append(1001)?.type).toBe("stored");

    free = 99;
    core.housekeep();
    await core.sweep();
    const before = core.sequence;
    expect(append(2001)).toMatchObject({ type: "failed", error: { code: "storage_full", retryable: true } });
    expect(core.sequence).toBe(before);

    free = 1000;
    core.housekeep();
    expect(append(3001)?.type).toBe("stored");
    expect(host.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  } finally {
    core.close();
    temp.remove();
  }
});

it("asks again before much is stored, whatever the time", () => {
  const temp = tempFolder();
  const host = recordingHost();
  let free = 1 << 30;
  const core = new IngestCore({
    settings: storeSettings(temp.path, host, { minFreeBytes: 1 << 20 }),
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async () => {},
    freeBytes: () => free,
  });
  try {
    const append = (bytes: number) => core.append([incoming(makeBody("s", [{ id: 1, padding: bytes }]))])[0]?.type;
    expect(append(1000)).toBe("stored");
    free = 1000;
    expect(append(1000)).toBe("stored");
    expect(append(100_000)).toBe("failed");
  } finally {
    core.close();
    temp.remove();
  }
});
