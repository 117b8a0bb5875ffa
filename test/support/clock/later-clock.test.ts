import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWhere } from "../requires.ts";
import { asksForLaterClock, BEGAN, readersOfRecordings } from "./later-clock.ts";

const YEAR_MS = 365 * 86_400_000;
const began = process.env[BEGAN];

it("some tests read recordings", () => {
  expect(readersOfRecordings(join(import.meta.dirname, "../../..")).length).toBeGreaterThan(5);
});

if (asksForLaterClock) {
  describeWhere(began !== undefined, "libfaketime is missing", "what reads recordings", () => {
    it("runs nine years after them", () => {
      expect(Date.now()).toBeGreaterThan(Number(began) + 8 * YEAR_MS);
    });
  });
}
