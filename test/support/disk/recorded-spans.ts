import { createHash } from "node:crypto";
import type { MadeSpan } from "../storage/batches.ts";

/** What recorded-child.ts says in the marks; a line that is none holds the ids of spans that were delivered. */
export type RunMark =
  | { readonly type: "sent" | "acknowledged"; readonly ids: readonly number[] }
  | { readonly type: "deleting" | "deleted"; readonly trace: number }
  /** Of `at` undefined: it is removed. */
  | { readonly type: "registering"; readonly id: string; readonly at: number | undefined }
  /** Spans up to the id may go by retention at any time. */
  | { readonly type: "old"; readonly through: number }
  | { readonly type: "emptying" | "emptied"; readonly through: number };

/** Some have a name that no compression makes much smaller, so that blocks lie over several pages. */
export function recordedSpan(id: number): MadeSpan {
  const made = { id, trace: traceOf(id) };
  if (id % 3 !== 0) return made;
  const parts = Array.from({ length: 6 }, (_, part) => createHash("sha512").update(`${id}/${part}`).digest("base64"));
  return { ...made, name: parts.join("") };
}

export const traceOf = (id: number): number => Math.floor(id / 4) + 1;

export function traceIdOf(trace: number): Uint8Array {
  return Buffer.from(trace.toString(16).padStart(32, "0"), "hex");
}
