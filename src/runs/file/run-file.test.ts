import { describe, expect, it } from "vitest";
import { requestOf, tableOf } from "../../../test/support/runs/generated-runs.ts";
import { Random } from "../../demo/random.ts";
import { buildPopulation } from "../population/build-population.ts";
import { beginsAsRunFile, readRunFile } from "./read-run-file.ts";
import { runFileText } from "./write-run-file.ts";

const random = new Random(3);
const POPULATION = buildPopulation(tableOf(random, [requestOf(random, 12, 0.3)], 40));
const TEXT = runFileText("pr-42", POPULATION);
const LINES = TEXT.split("\n");
const changed = (line: number, from: string | RegExp, to: string) =>
  LINES.map((text, at) => (at === line ? text.replace(from, to) : text)).join("\n");

describe("a run's file", () => {
  it("gives back what was written, figures to four digits", () => {
    const { label, population } = readRunFile("a.jsonl", TEXT);
    expect(label).toBe("pr-42");
    expect(beginsAsRunFile(TEXT)).toBe(true);
    expect(runFileText("pr-42", population)).toBe(TEXT);
    for (const [i, path] of population.paths.entries()) {
      const written = POPULATION.paths[i];
      expect(path).toMatchObject({ name: written?.name, parent: written?.parent, kind: written?.kind });
      expect(path.calls).toEqual(written?.calls);
      for (const [at, nano] of path.selfNano.entries()) {
        expect(Math.abs(nano / (written?.selfNano[at] ?? 0) - 1)).toBeLessThanOrEqual(0.000_51);
      }
      expect(path.selfNano === path.durationNano).toBe(written?.selfNano === written?.durationNano);
    }
  });

  it.each([
    [
      "another version",
      changed(0, '"version":1', '"version":2'),
      /a\.jsonl: expected version 1 of a run's file, found 2/,
    ],
    [
      "a cut between lines",
      LINES.slice(0, 5).join("\n"),
      /a\.jsonl:5: expected 12 lines of paths, found 4: it was cut off/,
    ],
    ["a cut in a line", TEXT.slice(0, -30), /a\.jsonl:13: expected JSON: /],
    ["a head that lacks something", changed(0, '"traces":40', '"trace":40'), /a\.jsonl:1: traces: /],
    [
      "a parent that comes later",
      changed(2, /"parent":\d+/, '"parent":9'),
      /a\.jsonl:3: parent: expected less than 1, found 9/,
    ],
    [
      "a service that is not named",
      changed(3, /"service":\d+/, '"service":99'),
      /a\.jsonl:4: service: expected less than \d+, found 99/,
    ],
    ["a figure that is none", changed(4, /"duration":\[/, '"duration":["x",'), /a\.jsonl:5: duration\.0: /],
    [
      "lines in another order",
      [LINES[0], LINES[2], LINES[1], ...LINES.slice(3)].join("\n"),
      /a\.jsonl:2: path: expected 0, found 1/,
    ],
    ["no JSON", "hello", /a\.jsonl:1: expected JSON/],
  ])("refuses %s by line, with what was expected", (_what, text, message) => {
    expect(() => readRunFile("a.jsonl", text)).toThrow(message);
  });
});
