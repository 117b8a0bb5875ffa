import type { LogFragment } from "../model/log.ts";

/** The id under which a trace is shown that was asked for by `asked`; both of 32 lower-case hex digits. */
export function shownId(fragments: readonly LogFragment[], asked: string): string {
  return fragments[0]?.traceIds?.[0] ?? asked;
}

/** What of these comes first under the id of each trace: who asks by two ids of one trace is given it once. */
export class ShownOnce {
  readonly #shown = new Set<string>();

  /** False for a trace that was shown. */
  isNew(fragments: readonly LogFragment[]): boolean {
    const id = fragments[0]?.traceIds?.[0];
    if (id === undefined) return true;
    const before = this.#shown.size;
    return this.#shown.add(id).size > before;
  }
}
