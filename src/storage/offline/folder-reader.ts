import { chmodSync, constants, copyFileSync, existsSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { PermanentError } from "../../component/errors.ts";
import { makeFolder, PRIVATE_FOLDER } from "../../component/files/make-folder.ts";
import type { LogFragment, SegmentId } from "../../model/log.ts";
import { decodeBlockIndex } from "../block/block-index.ts";
import { CATALOG_FILE, CONSUMERS_FILE, DAMAGED_SUFFIX, SEGMENTS_FOLDER, segmentFileName } from "../folder/layout.ts";
import { REGISTRY_FILE } from "../folder/registry-store.ts";
import { databaseBytes } from "../folder/segment-files.ts";
import type { CatalogEntry } from "../log/catalog.ts";
import type { BlockHead } from "../log/segment-source.ts";
import { fileAccess, StoredSource } from "../log/stored-source.ts";
import { type SqlDriver, SqlError } from "../sqlite/driver.ts";
import { makePrivateFile } from "../sqlite/private-file.ts";
import { cursorProblems, type UnlistedSegment, unlistedProblem, unlistedSegments } from "./completeness.ts";
import { databaseProblems, type FileProblem } from "./database-check.ts";

/** Called with what is done and what there is to do. */
export type OnProgress = (done: number, total: number) => void;

export interface SegmentReport {
  readonly segment: number;
  readonly state: "open" | "closed";
  readonly sealed: boolean;
  readonly rows: number;
  readonly spans: number;
  readonly bytes: number;
  /** Receive times, ms since the epoch; null when empty. */
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
}

export interface FolderReport {
  readonly spans: number;
  /** Of the segments. */
  readonly bytes: number;
  readonly bytesPerSpan: number;
  /** Of cursors, rates, calls between services, and registrations. */
  readonly otherBytes: number;
  /** Of the disk, bytes. */
  readonly free: number;
  /** Traces that are deleted but still take space. */
  readonly tombstones: number;
  /** Files that were put aside as damaged. */
  readonly damagedFiles: readonly string[];
  readonly segments: readonly SegmentReport[];
}

export interface SegmentProblem {
  readonly segment: number;
  readonly reason: string;
}

export interface CheckReport {
  readonly segments: number;
  readonly rows: number;
  readonly spans: number;
  readonly problems: readonly (SegmentProblem | FileProblem)[];
  readonly damagedFiles: readonly string[];
}

export interface BackupReport {
  readonly segments: number;
  /** What is missing in the copy, or in what was copied; empty where it is whole. */
  readonly problems: readonly (SegmentProblem | FileProblem)[];
}

const READ_BLOCKS = 16;
const MAX_BACKUP_ROUNDS = 20;

/**
 * Looks at a data folder without changing it, whether a collector is using it or not: segments are read as queries read
 * them. The caller closes it.
 */
export class FolderReader {
  readonly #driver: SqlDriver;
  readonly #folder: string;
  readonly #access: ReturnType<typeof fileAccess>;
  readonly #source: StoredSource;
  readonly #problems: SegmentProblem[] = [];

  /**
   * Throws PermanentError: `data_folder_unusable` where the folder holds no data, `data_format_unknown` where a newer
   * version wrote it.
   */
  constructor(driver: SqlDriver, folder: string) {
    this.#driver = driver;
    this.#folder = folder;
    if (!existsSync(join(folder, CATALOG_FILE))) {
      throw new PermanentError(
        "data_folder_unusable",
        `${folder} is no data folder: it has no ${CATALOG_FILE}. Name the one of your collector with --data.`,
      );
    }
    this.#access = opened(folder, () => fileAccess(driver, folder));
    this.#source = new StoredSource(this.#access, (segment, reason) => this.#report(segment, reason));
  }

  stats(): FolderReport {
    const segments = this.#entries().map((entry): SegmentReport => {
      const [first] = entry.state === "open" ? this.#source.blocksAfter(entry.id, 0, 1) : [];
      const isOpen = entry.state === "open";
      const end = isOpen ? this.#source.endOf(entry.id) : undefined;
      return {
        segment: entry.id,
        state: isOpen ? "open" : "closed",
        sealed: entry.sealed === 1,
        rows: end?.block ?? entry.rows,
        spans: end === undefined ? entry.spans : end.spansThrough - (first ? first.spansThrough - first.spans : 0),
        bytes: isOpen ? this.#access.bytes(entry.id) : entry.bytes,
        oldestMs: first?.receivedAtMs ?? entry.minReceivedMs,
        newestMs: end?.receivedAtMs ?? entry.maxReceivedMs,
      };
    });
    const spans = segments.reduce((sum, segment) => sum + segment.spans, 0);
    const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
    const { bavail, bsize } = statfsSync(this.#folder);
    return {
      spans,
      bytes,
      bytesPerSpan: spans === 0 ? 0 : Math.round((bytes / spans) * 10) / 10,
      otherBytes: [CATALOG_FILE, CONSUMERS_FILE, REGISTRY_FILE].reduce(
        (sum, name) => sum + databaseBytes(join(this.#folder, name)),
        0,
      ),
      free: bavail * bsize,
      tombstones: this.#access.lists().tombstones.length,
      damagedFiles: this.#damagedFiles(),
      segments,
    };
  }

  /**
   * Reads every row with its checksums, and decodes it, and the other databases of the folder; and compares list, files
   * and cursors, each of which can lose its end without a trace in itself.
   */
  async check(onProgress: OnProgress): Promise<CheckReport> {
    const cursors = cursorProblems(this.#driver, this.#folder, () => this.#source.end());
    const unlisted = await this.#unlisted();
    const entries = this.#entries();
    let rows = 0;
    let spans = 0;
    for (const [done, entry] of entries.entries()) {
      onProgress(done, entries.length);
      let last = 0;
      for await (const { head, fragment } of this.#blocks(entry)) {
        if (head.block !== last + 1) this.#report(entry.id, `row ${head.block} follows row ${last}`);
        last = head.block;
        rows++;
        spans += fragment.rows.length;
      }
      if (this.#source.isUnreadable(entry.id)) this.#report(entry.id, this.#source.missed().reason);
      const gone = !this.#entries().some(({ id }) => id === entry.id);
      if (entry.state === "closed" && last !== entry.rows && !gone) {
        this.#report(entry.id, `${last} rows where the catalog says ${entry.rows}`);
      }
    }
    onProgress(entries.length, entries.length);
    return {
      segments: entries.length,
      rows,
      spans,
      problems: [
        ...databaseProblems(this.#driver, this.#folder),
        ...cursors,
        ...unlisted.map((segment) => ({ segment: segment.id, reason: unlistedProblem(segment) })),
        ...this.#problems,
      ],
      damagedFiles: this.#damagedFiles(),
    };
  }

  /** Everything that is stored, without what is deleted, in the order of the log. */
  async *fragments(onProgress: OnProgress): AsyncGenerator<LogFragment> {
    const total = this.#entries().reduce((sum, { rows }) => sum + rows, 0);
    let done = 0;
    for (const entry of this.#entries()) {
      const before = done;
      for await (const { fragment } of this.#blocks(entry)) {
        onProgress(++done, Math.max(done, total));
        if (fragment.rows.length > 0) yield fragment;
      }
      const read = done - before;
      // One that another took the place of meanwhile, or that retention removed, is no longer in the list.
      if (entry.state === "closed" && read < entry.rows && this.#isListed(entry.id)) {
        this.#report(entry.id, `${read} of its ${entry.rows} blocks were read`);
      }
    }
  }

  /** Why what was read so far may lack something, one sentence without a full stop; undefined where it is whole. */
  missing(): string | undefined {
    const [first, ...more] = this.#problems;
    if (first !== undefined) {
      const others = more.length === 0 ? "" : `, and ${more.length} more`;
      return `segment ${first.segment} cannot be read: ${first.reason}${others}`;
    }
    const { count, reason } = this.#source.missed();
    return count > 0 ? `a part of what is stored cannot be read now (${reason})` : undefined;
  }

  /**
   * A copy of the folder as it is at one moment, in a new folder: a collector can be started on it. Segments that are
   * replaced while it is made are copied again. What cannot be copied is a problem of the report, not an error: all
   * else is there. Segments that the list does not name come too, so that a start takes them in.
   */
  async backup(target: string, onProgress: OnProgress): Promise<BackupReport> {
    if (existsSync(target) && readdirSync(target).length > 0) {
      throw new PermanentError("bad_request", `${target} is not empty: name a folder that does not exist yet`);
    }
    makeFolder(target, PRIVATE_FOLDER);
    makeFolder(join(target, SEGMENTS_FOLDER), PRIVATE_FOLDER);
    this.#copyDatabase(CONSUMERS_FILE, target);
    this.#copyDatabase(REGISTRY_FILE, target);
    const copied = new Set<number>();
    for (let round = 0; round < MAX_BACKUP_ROUNDS; round++) {
      const format = this.#access.format();
      this.#copyDatabase(CATALOG_FILE, target);
      const wanted = this.#entries();
      for (const { id, state } of wanted) {
        onProgress(copied.size, wanted.length);
        if (copied.has(id)) continue;
        if (this.#copySegment(id, state, target) || this.#isListed(id)) copied.add(id);
        await nextTurn();
      }
      const now = this.#entries();
      // A collector that raises it writes rows of the new form next.
      const same =
        format === this.#access.format() &&
        now.length === wanted.length &&
        now.every(({ id, state }, i) => wanted[i]?.id === id && wanted[i]?.state === state);
      if (same && wanted.every(({ id }) => copied.has(id))) {
        // A start on the copy would take in again what was sealed or removed since it was copied.
        const listed = new Set<number>(wanted.map(({ id }) => id));
        for (const id of copied) if (!listed.has(id)) rmSync(segmentPath(target, id), { force: true });
        onProgress(wanted.length, wanted.length);
        const problems = [...(await this.#copyUnlisted(target)), ...this.#problemsOfCopy(target, wanted)];
        return { segments: wanted.length, problems };
      }
      // A segment that was open when it was copied has been closed since: its copy may be short of the catalog.
      for (const { id, state } of wanted) if (state === "open") copied.delete(id);
    }
    throw new PermanentError(
      "internal",
      `the folder changed ${MAX_BACKUP_ROUNDS} times while it was copied; try again`,
    );
  }

  close(): void {
    this.#source.close();
  }

  #unlisted(): Promise<readonly UnlistedSegment[]> {
    const { driver, folder } = { driver: this.#driver, folder: this.#folder };
    return unlistedSegments(driver, folder, () => new Set(this.#access.lists().entries.map(({ id }) => id)));
  }

  async #copyUnlisted(target: string): Promise<readonly SegmentProblem[]> {
    const unlisted = await this.#unlisted();
    for (const { id } of unlisted) this.#copySegment(id, "open", target);
    return unlisted.map((segment) => ({ segment: segment.id, reason: unlistedProblem(segment) }));
  }

  /** What the copy lacks of what its list says and its cursors have passed. */
  #problemsOfCopy(target: string, wanted: readonly CatalogEntry[]): readonly (SegmentProblem | FileProblem)[] {
    const problems: SegmentProblem[] = [];
    const access = fileAccess(this.#driver, target);
    const source = new StoredSource(access, (segment, reason) => problems.push({ segment, reason }));
    try {
      for (const { id } of wanted) {
        source.endOf(id);
        if (source.isUnreadable(id) && !problems.some(({ segment }) => segment === id)) {
          problems.push({ segment: id, reason: source.missed().reason });
        }
      }
      return [...problems, ...cursorProblems(this.#driver, target, () => source.end())];
    } finally {
      source.close();
    }
  }

  #entries(): readonly CatalogEntry[] {
    return this.#access.lists().entries.filter(({ state }) => state === "open" || state === "closed");
  }

  /** A file that is missing although the list names its segment stays missing: the copy says so. */
  #isListed(id: SegmentId): boolean {
    return this.#entries().some((entry) => entry.id === id);
  }

  async *#blocks({ id, position }: CatalogEntry): AsyncGenerator<{ head: BlockHead; fragment: LogFragment }> {
    for (let at = 0; ; ) {
      const heads = this.#source.blocksAfter(id, at, READ_BLOCKS);
      for (const head of heads) {
        at = head.block;
        const body = this.#source.body(id, head.block);
        if (body === undefined) return;
        const columns = decodeBlockIndex(head.index);
        const rows = Array.from({ length: columns.count }, (_, row) => row);
        const block = {
          next: { segment: position, block: head.block },
          receivedAtMs: head.receivedAtMs,
          body,
          columns,
        };
        yield { head, fragment: { block, rows } };
      }
      if (heads.length < READ_BLOCKS) return;
      await nextTurn();
    }
  }

  #report(segment: number, reason: string): void {
    if (!this.#problems.some((problem) => problem.segment === segment)) this.#problems.push({ segment, reason });
  }

  #damagedFiles(): string[] {
    const list = (folder: string) =>
      readdirSync(folder)
        .filter((name) => name.endsWith(DAMAGED_SUFFIX))
        .map((name) => join(folder, name));
    const segments = join(this.#folder, SEGMENTS_FOLDER);
    return [...list(this.#folder), ...(existsSync(segments) ? list(segments) : [])];
  }

  #copyDatabase(name: string, target: string): void {
    const from = join(this.#folder, name);
    if (existsSync(from)) this.#copySnapshot(from, join(target, name));
  }

  /** False where the segment is gone. A closed one never changes; of an open one what is committed now is taken. */
  #copySegment(id: number, state: string, target: string): boolean {
    const from = segmentPath(this.#folder, id);
    const to = segmentPath(target, id);
    try {
      if (state === "open" || existsSync(`${from}-wal`)) this.#copySnapshot(from, to);
      else {
        // The copy gets the mode of what it is copied to, but on systems that clone the file with its own.
        makePrivateFile(to);
        copyFileSync(from, to, constants.COPYFILE_FICLONE);
        chmodSync(to, 0o600);
      }
      return true;
    } catch (error) {
      if (existsSync(from)) throw error;
      rmSync(to, { force: true });
      return false;
    }
  }

  #copySnapshot(from: string, to: string): void {
    const db = this.#driver.open(from, { readOnly: true });
    try {
      rmSync(to, { force: true });
      makePrivateFile(to);
      db.prepare("VACUUM INTO ?").run(to);
    } finally {
      db.close();
    }
  }
}

function segmentPath(folder: string, id: number): string {
  return join(folder, SEGMENTS_FOLDER, segmentFileName(id));
}

function opened<T>(folder: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new PermanentError("data_folder_unusable", `the data folder ${folder} cannot be read: ${error.message}`, {
      cause: error,
    });
  }
}
