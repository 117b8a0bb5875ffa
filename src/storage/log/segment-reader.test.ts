import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { incoming, makeBody, range, scannerPipeline } from "../../../test/support/storage/batches.ts";
import { testDriver } from "../../../test/support/storage/driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../../../test/support/storage/rig.ts";
import { SEGMENTS_FOLDER, segmentFileName } from "../folder/layout.ts";

import { IngestCore } from "./ingest-core.ts";
import { isDamage } from "./segment-damage.ts";
import { SegmentReader } from "./segment-reader.ts";

let temp: ReturnType<typeof tempFolder>;
beforeEach(() => {
  temp = tempFolder();
  const host = recordingHost();
  const settings = storeSettings(temp.path, host);
  const core = new IngestCore({
    settings,
    driver: testDriver,
    pipeline: scannerPipeline(),
    host,
    release: async () => {},
  });
  core.append([incoming(makeBody("s", range(1, 10)))]);
  core.settle();
  core.close();
});
afterEach(() => temp.remove());

/** What reading all of the one row throws, with a column that says something else. */
function thrown(column: string, value: string): unknown {
  const db = testDriver.open(join(temp.path, SEGMENTS_FOLDER, segmentFileName(1)));
  try {
    db.exec(`UPDATE block SET ${column} = ${value}`);
    const reader = new SegmentReader(db, 1);
    try {
      for (const { block } of reader.blocksAfter(0, 10)) reader.body(block);
      return undefined;
    } catch (error) {
      return error;
    }
  } finally {
    db.close();
  }
}

describe("a column that a flipped bit makes one of another type", () => {
  const columns = ["min_start", "max_start", "max_end", "index_blob", "bloom", "head_crc", "body_crc", "body"];
  const values = ["5.05e-195", "'text'", "-1", "x'00ff'"];
  it.each(columns.flatMap((column) => values.map((value) => [column, value] as const)))("%s %s", (column, value) => {
    const error = thrown(column, value);
    expect(isDamage(error), String(error)).toBe(true);
  });
});
