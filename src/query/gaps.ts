import { RetryableError } from "../component/errors.ts";
import type { OnGap } from "../component/read.ts";

const RETRY_AFTER_MS = 1_000;

/** Collects why an answer may lack something (OnGap). */
export class Gaps {
  #reason: string | undefined;
  /** A sentence that somebody else made. */
  #whole: string | undefined;

  readonly onGap: OnGap = (reason) => {
    this.#reason ??= reason;
  };

  /** One sentence without a full stop; undefined where nothing is lacking. */
  get reason(): string | undefined {
    if (this.#whole !== undefined) return this.#whole;
    return this.#reason === undefined ? undefined : `a part of what is stored cannot be read now (${this.#reason})`;
  }

  /** Takes over what a search says of itself. */
  add(reason: string | undefined): void {
    this.#whole ??= reason;
  }

  /** The part of a ViewResult that says so. */
  get mark(): { readonly incomplete?: string } {
    return this.reason === undefined ? {} : { incomplete: this.reason };
  }

  /** What is not found may be in the part that cannot be read. Throws RetryableError `storage_unavailable`. */
  throwIfAny(): void {
    if (this.reason === undefined) return;
    throw new RetryableError("storage_unavailable", `not found, but ${this.reason}`, RETRY_AFTER_MS);
  }
}
