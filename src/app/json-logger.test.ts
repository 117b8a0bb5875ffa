import { describe, expect, it } from "vitest";
import { createLogger } from "./json-logger.ts";

function lines(format: "json" | "text") {
  const written: string[] = [];
  const clock = { now: 1_700_000_000_000 };
  const logger = createLogger({ level: "info", format, write: (line) => written.push(line), now: () => clock.now });
  return { written, clock, logger };
}

describe("createLogger", () => {
  it("writes one line an entry whatever the values hold", () => {
    const { written, logger } = lines("text");
    logger.info("started", { path: "/a b", note: "two\nlines", count: 3 });
    expect(written).toEqual(['2023-11-14T22:13:20.000Z info  started path="/a b" note="two\\nlines" count=3\n']);
  });

  it("writes JSON objects", () => {
    const { written, logger } = lines("json");
    logger.error("broken", { code: "x" });
    expect(JSON.parse(written[0] as string)).toEqual({
      time: "2023-11-14T22:13:20.000Z",
      level: "error",
      message: "broken",
      code: "x",
    });
  });

  it("holds repeats of warnings back and then says how many", () => {
    const { written, clock, logger } = lines("json");
    for (let i = 0; i < 5; i++) logger.warn("destination down");
    expect(written).toHaveLength(1);
    clock.now += 10_001;
    logger.warn("destination down");
    expect(JSON.parse(written[1] as string)).toMatchObject({ message: "destination down", repeated: 4 });
  });

  it.each(["exporter", "receiver", "transport", "setting", "segment", "file", "at"])(
    "holds nothing back of what is about another %s",
    (subject) => {
      const { written, logger } = lines("json");
      for (const name of ["a", "b", "a", "b"]) logger.warn("down", { [subject]: name, reason: "why" });
      expect(written.map((line) => (JSON.parse(line) as Record<string, unknown>)[subject])).toEqual(["a", "b"]);
    },
  );

  it("holds back what strangers could vary", () => {
    const { written, logger } = lines("json");
    for (const name of ["a", "b", "a", "b"]) logger.warn("refused", { reason: name, sender: name, id: name });
    expect(written).toHaveLength(1);
  });

  it("leaves out what is below the level", () => {
    const { written, logger } = lines("text");
    logger.debug("noise");
    expect(written).toEqual([]);
  });
});
