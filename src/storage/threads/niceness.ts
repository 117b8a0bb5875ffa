import { setPriority } from "node:os";

/**
 * Who waits when the cores are busy. The query and the main thread go first: somebody waits for their answer, and it
 * takes them little. What is taken meanwhile waits for a commit anyway. Sealing gets about a tenth of what ingest gets.
 */
export const NICENESS = { ingest: 5, export: 5, sealing: 15 } as const;

/**
 * Lowers the priority of the calling thread. On Linux niceness belongs to the thread (setpriority(2), "C library/kernel
 * differences"); elsewhere it belongs to the process, and nothing is done.
 * @returns whether it was lowered
 */
export function lowerPriority(niceness: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    // 0 is the calling thread there.
    setPriority(0, niceness);
    return true;
  } catch {
    return false;
  }
}
