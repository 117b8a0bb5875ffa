import { describe, expect, it } from "vitest";
import type { LogFields, Logger } from "../component/logger.ts";
import { SILENT_LOGGER } from "../component/logger.ts";
import { StopList } from "./stop-list.ts";

const ORDER = [["roof"], ["walls", "doors"], ["ground"]] as const;

describe("StopList", () => {
  it("stops by its order and not by that of opening, one after the other, and only what was opened", async () => {
    const list = new StopList(ORDER, SILENT_LOGGER);
    const seen: string[] = [];
    list.opened("roof", async () => {
      seen.push("roof stops");
      await new Promise((resolve) => setImmediate(resolve));
      seen.push("roof has stopped");
    });
    list.opened("ground", async () => void seen.push("ground stops"));
    await list.stop(1_000);
    expect(seen).toEqual(["roof stops", "roof has stopped", "ground stops"]);
  });

  it("goes on after parts that fail, and says which and why", async () => {
    const errors: [string, LogFields | undefined][] = [];
    const logger: Logger = { ...SILENT_LOGGER, error: (message, fields) => void errors.push([message, fields]) };
    const list = new StopList(ORDER, logger);
    let groundStopped = false;
    list.opened("ground", async () => {
      groundStopped = true;
    });
    list.opened("walls", async () => Promise.reject(new Error("stuck")));
    list.opened("roof", () => {
      throw new Error("at once");
    });
    await list.stop(1_000);
    expect(groundStopped).toBe(true);
    expect(errors).toEqual([
      ["shutdown step failed: roof", { error: "at once" }],
      ["shutdown step failed: walls", { error: "stuck" }],
    ]);
  });

  it("stops the parts of one step side by side, and the next when all have", async () => {
    const list = new StopList(ORDER, SILENT_LOGGER);
    const seen: string[] = [];
    const waiting: (() => void)[] = [];
    list.opened("walls", () => new Promise((resolve) => void waiting.push(resolve)));
    list.opened("doors", async () => {
      seen.push("doors");
      for (const resolve of waiting) resolve();
    });
    list.opened("ground", async () => void seen.push("ground"));
    await list.stop(60_000);
    expect(seen).toEqual(["doors", "ground"]);
  });

  it("hurries what stops first, so that the last has half of the time", async () => {
    const list = new StopList(ORDER, SILENT_LOGGER);
    const aborted: boolean[] = [];
    list.opened("roof", (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())));
    list.opened("ground", async (signal) => void aborted.push(signal.aborted));
    await list.stop(600);
    expect(aborted).toEqual([false]);
  });

  it("gives all parts together the time that it has", async () => {
    const list = new StopList(ORDER, SILENT_LOGGER);
    let ended = false;
    list.opened("ground", async (signal) => {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      ended = true;
    });
    await list.stop(1);
    expect(ended).toBe(true);
  });

  it("stops once", async () => {
    const list = new StopList(ORDER, SILENT_LOGGER);
    let times = 0;
    list.opened("roof", async () => void times++);
    expect(list.stopping).toBe(false);
    const first = list.stop(1_000);
    expect(list.stopping).toBe(true);
    await Promise.all([first, list.stop(1_000)]);
    expect(times).toBe(1);
  });
});
