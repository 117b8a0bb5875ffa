import type { Pacer } from "../cache/pacer.ts";

/** Spans between two looks at the clock. */
export const STRIDE = 512;

/** The time budget of a request ended the look at one trace. */
export class OutOfTime extends Error {
  constructor() {
    super("the time budget is used up");
    this.name = "OutOfTime";
  }
}

/** Lets others in where it is time to. Throws OutOfTime, and `cancelled`. */
export async function giveWay(pacer: Pacer): Promise<void> {
  if (!pacer.due()) return;
  if (pacer.expired()) throw new OutOfTime();
  await pacer.pause();
}
