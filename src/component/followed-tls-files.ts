import { messageOf } from "../model/message-of.ts";
import { FileWatch } from "./file-watch.ts";
import type { LogFields, Logger } from "./logger.ts";

export interface FollowedTlsFilesSettings<Material> {
  /** Without any, nothing is followed. */
  readonly paths: readonly string[];
  /** @throws Error for files that cannot be used, saying which and why */
  readonly read: () => Material;
  /** True for files that were written again with what they held before. */
  readonly same: (before: Material, now: Material) => boolean;
  /** Their key in the config, for the log. */
  readonly setting: string;
  readonly logger: Logger;
  /** What the log tells of new material beside the setting. */
  readonly describe?: (material: Material) => LogFields;
  /** Called with what was read first, and with what was read anew once it is in use. */
  readonly taken?: (material: Material) => void;
}

/** Certificates, keys and authorities of one end, as they are on disk: what is replaced there is taken up. */
export class FollowedTlsFiles<Material> {
  readonly #settings: FollowedTlsFilesSettings<Material>;
  readonly #watch: FileWatch | undefined;
  #material: Material;
  readonly #listeners: ((material: Material) => void)[] = [];

  /** @throws what `read` throws; then nothing is watched */
  constructor(settings: FollowedTlsFilesSettings<Material>) {
    const { paths, read, taken } = settings;
    this.#settings = settings;
    this.#watch = paths.length === 0 ? undefined : new FileWatch({ paths, onChange: () => this.reload() });
    try {
      this.#material = read();
    } catch (error) {
      this.#watch?.close();
      throw error;
    }
    taken?.(this.#material);
  }

  /** What was read last and could be used. */
  get material(): Material {
    return this.#material;
  }

  /** Told of new material, after the constructor's. */
  onChange(listener: (material: Material) => void): void {
    this.#listeners.push(listener);
  }

  /** Reads the files now. What cannot be used is logged once, and what is in use stays. */
  reload(): void {
    const { read, same, setting, logger, describe, taken } = this.#settings;
    let material: Material;
    try {
      material = read();
    } catch (error) {
      logger.error("the TLS files have changed and cannot be used; those read before stay in use", {
        reason: messageOf(error),
      });
      return;
    }
    if (same(this.#material, material)) return;
    this.#material = material;
    for (const listener of this.#listeners) listener(material);
    logger.info("the TLS files have changed and are in use for new connections", { setting, ...describe?.(material) });
    taken?.(material);
  }

  close(): void {
    this.#watch?.close();
  }
}

/** Of two files, each of which there may not be. */
export function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === b || (a !== undefined && b?.equals(a) === true);
}
