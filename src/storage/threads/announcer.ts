/** Notices that come together are one, ms. */
const TOGETHER_MS = 5;
/** How long who is told may not know of what came after the last notice, ms. */
const UNTOLD_MS = 50;
/** So much is worth a notice before: a full block's body, bytes. */
const WORTH_BYTES = 256 * 1024;

/**
 * Tells another thread that the log has grown. A notice wakes it, and it finds all that was committed: where little
 * comes often, that costs more than what it then does. So the first after a pause is passed on at once, and those after
 * it by their amount or their age.
 */
export class Announcer {
  readonly #announce: () => void;
  #bytes = 0;
  #announcedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isSoon = false;

  constructor(announce: () => void) {
    this.#announce = announce;
  }

  /** The log has grown by about so many bytes. */
  grown(bytes: number): void {
    this.#bytes += bytes;
    const leftMs = this.#announcedAtMs + UNTOLD_MS - performance.now();
    const soon = this.#bytes >= WORTH_BYTES || leftMs <= TOGETHER_MS;
    if (this.#timer !== undefined && (this.#isSoon || !soon)) return;
    clearTimeout(this.#timer);
    this.#isSoon = soon;
    this.#timer = setTimeout(this.#tell, soon ? TOGETHER_MS : leftMs);
  }

  readonly #tell = (): void => {
    this.#timer = undefined;
    this.#bytes = 0;
    this.#announcedAtMs = performance.now();
    this.#announce();
  };
}
