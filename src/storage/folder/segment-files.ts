import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, PRIVATE_FOLDER } from "../../component/files/make-folder.ts";
import type { SegmentId } from "../../model/log.ts";
import { DAMAGED_SUFFIX, SEALING_SUFFIX, SEGMENTS_FOLDER, segmentFileName } from "./layout.ts";
import { syncPath } from "./sync-path.ts";

const SIDE_FILES = ["-wal", "-shm"] as const;
const SEGMENT_NAME = /^(\d{8,15})\.db$/;

/** Size of a database with its WAL and shared memory files, bytes; 0 where it is missing. */
export function databaseBytes(path: string): number {
  let bytes = 0;
  for (const file of [path, ...SIDE_FILES.map((side) => path + side)]) {
    bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/** Renames a database and its WAL so that they are never opened again but can be looked at; the newest wins. */
export function putDatabaseAside(path: string): void {
  if (existsSync(path)) renameSync(path, path + DAMAGED_SUFFIX);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${path}${DAMAGED_SUFFIX}-wal`);
  rmSync(`${path}-shm`, { force: true });
}

/** The files of segments in a data folder. Nothing of them may be open when they are removed or put aside. */
export class SegmentFiles {
  readonly #folder: string;

  /** Makes the folder. Throws the file system's errors. */
  constructor(dataFolder: string) {
    this.#folder = join(dataFolder, SEGMENTS_FOLDER);
    makeFolder(this.#folder, PRIVATE_FOLDER);
  }

  path(id: SegmentId): string {
    return join(this.#folder, segmentFileName(id));
  }

  /** Throws where the file system cannot say: a segment is not missing because the disk fails. */
  exists(id: SegmentId): boolean {
    return statSync(this.path(id), { throwIfNoEntry: false }) !== undefined;
  }

  bytes(id: SegmentId): number {
    return databaseBytes(this.path(id));
  }

  remove(id: SegmentId): void {
    for (const side of ["", ...SIDE_FILES]) rmSync(this.path(id) + side, { force: true });
  }

  /** Files that were removed stay so from when this returns, whatever happens. Throws the file system's errors. */
  sync(): void {
    syncPath(this.#folder);
  }

  putAside(id: SegmentId): void {
    putDatabaseAside(this.path(id));
  }

  /** Removes what a sealing that did not end has left: of one segment, or of all. */
  removeUnfinished(id?: number): void {
    const wanted = id === undefined ? SEALING_SUFFIX : segmentFileName(id).replace(/\.db$/, SEALING_SUFFIX);
    for (const name of readdirSync(this.#folder)) {
      if (name.includes(wanted)) rmSync(join(this.#folder, name), { force: true });
    }
  }

  /** Ids of the segment files that are there, ascending. */
  ids(): number[] {
    return idsIn(this.#folder);
  }
}

/** Ids of the segment files of a data folder, ascending. */
export function segmentIds(dataFolder: string): SegmentId[] {
  const folder = join(dataFolder, SEGMENTS_FOLDER);
  return existsSync(folder) ? idsIn(folder) : [];
}

function idsIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
