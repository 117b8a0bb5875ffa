import { statSync } from "node:fs";

export interface FileWatchSettings {
  readonly paths: readonly string[];
  /** Called once for each change, after the files have stayed as they are for one look. */
  readonly onChange: () => void;
  /** Time between two looks, ms. */
  readonly lookEveryMs?: number;
}

const LOOK_EVERY_MS = 2_000;

/**
 * Tells when files have changed, those of one pair together: a certificate and its key are not replaced in one moment,
 * so a change counts when the next look finds nothing new. Looks at size, times and inode instead of waiting for events
 * of the file system, which do not come for replaced symbolic links (Kubernetes) and network folders.
 * The state at creation is the known one: create it before the files are read.
 */
export class FileWatch {
  readonly #settings: FileWatchSettings;
  readonly #timer: NodeJS.Timeout;
  #known: string;
  #seen: string;

  constructor(settings: FileWatchSettings) {
    this.#settings = settings;
    this.#known = this.#look();
    this.#seen = this.#known;
    this.#timer = setInterval(() => this.#compare(), settings.lookEveryMs ?? LOOK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #compare(): void {
    const now = this.#look();
    const settled = now === this.#seen;
    this.#seen = now;
    if (!settled || now === this.#known) return;
    this.#known = now;
    this.#settings.onChange();
  }

  /** One text for all files; a file that is not there is a state like any other. */
  #look(): string {
    return this.#settings.paths
      .map((path) => {
        try {
          const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
          return [dev, ino, size, mtimeNs, ctimeNs].join();
        } catch (error) {
          return (error as NodeJS.ErrnoException).code ?? "unreadable";
        }
      })
      .join(" ");
  }
}
