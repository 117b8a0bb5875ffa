import { afterEach, describe, expect, it, vi } from "vitest";
import { formatAbsolute, fromLocalInput, toLocalInput } from "./time.ts";
import { zoneName } from "./time-zone.ts";

const TIME = Date.UTC(2026, 2, 4, 15, 6, 7, 89);

afterEach(() => vi.unstubAllGlobals());
const show = (zone: string) => vi.stubGlobal("document", { documentElement: { dataset: { zone } } });

describe("the zone that times are shown in", () => {
  it("is UTC where the document says so, for fields too", () => {
    show("utc");
    expect(formatAbsolute(TIME)).toBe("2026-03-04 15:06:07.089");
    expect(toLocalInput(TIME)).toBe("2026-03-04T15:06:07");
    expect(fromLocalInput("2026-03-04T15:06:07")).toBe(TIME - 89);
    expect(zoneName(TIME)).toBe("UTC");
  });

  it("is that of the machine otherwise", () => {
    show("local");
    const date = new Date(TIME);
    expect(formatAbsolute(TIME)).toContain(` ${String(date.getHours()).padStart(2, "0")}:`);
    expect(fromLocalInput(toLocalInput(TIME))).toBe(TIME - 89);
    const offset = -date.getTimezoneOffset();
    expect(zoneName(TIME)).toMatch(offset === 0 ? /^UTC$/ : /^UTC[+−]\d\d:\d\d$/);
    expect(fromLocalInput("soon")).toBeUndefined();
  });
});
