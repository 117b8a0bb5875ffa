import { expect, it } from "vitest";
import { recordingHost } from "../../../test/support/storage/rig.ts";
import type { Cursor } from "../../model/log.ts";
import type { SealTask } from "../log/seal-task.ts";
import { SealingLoop } from "./sealing-loop.ts";

/** A log that grows by a segment, which all consumers pass at once, for every segment that is sealed. */
function growingLog(closedAtFirst: number) {
  let closed = closedAtFirst;
  const sealed: number[] = [];
  const loop = new SealingLoop({
    parts: {
      floor: async (): Promise<Cursor> => ({ segment: closed, block: 1 }),
      async next(floor) {
        const source = sealed.length + 1;
        if (source > closed || source > floor.segment) return undefined;
        if (sealed.length > 10 * closedAtFirst) throw new Error("the run goes on with what was closed after it began");
        return { source } as SealTask;
      },
      async seal() {
        closed++;
        return { type: "sealed", rows: 1, spans: 1, bytes: 1 };
      },
      async finish({ source }) {
        sealed.push(source);
      },
    },
    logger: recordingHost().logger,
    everyMs: 1_000_000,
  });
  return { loop, sealed };
}

it("ends a run with what was closed when it began, however fast the log grows", async () => {
  const { loop, sealed } = growingLog(3);
  expect(await loop.run(true)).toBe(3);
  expect(sealed).toEqual([1, 2, 3]);
  // The next run takes what came meanwhile.
  expect(await loop.run(true)).toBe(3);
  expect(sealed).toEqual([1, 2, 3, 4, 5, 6]);
});
