import { SqlError } from "../sqlite/driver.ts";
import { UnknownSegmentError } from "./segment.ts";
import { DamagedError } from "./segment-reader.ts";

/** True for what broken bytes explain, and a failing disk too: `proveSegment` tells them apart. */
export function isDamage(error: unknown): error is SqlError | DamagedError {
  return error instanceof DamagedError || (error instanceof SqlError && error.kind === "corrupt");
}

/** True for what may be over soon, and says nothing of what is stored. */
export function isUnreadable(error: unknown): error is SqlError {
  return error instanceof UnknownSegmentError || (error instanceof SqlError && error.kind === "unreadable");
}
