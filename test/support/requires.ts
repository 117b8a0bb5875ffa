import { describe, it } from "vitest";

/** A suite that runs only where `holds`; elsewhere its title, and so every report, says why it was left out. */
export function describeWhere(holds: boolean, reason: string, title: string, body: () => void): void {
  describe.skipIf(!holds)(titled(holds, reason, title), body);
}

/** As `describeWhere`, of one test. */
export function itWhere(holds: boolean, reason: string, title: string, body: () => void | Promise<void>): void {
  it.skipIf(!holds)(titled(holds, reason, title), body);
}

function titled(holds: boolean, reason: string, title: string): string {
  return holds ? title : `${title} [skipped: ${reason}]`;
}
