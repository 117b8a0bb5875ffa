import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DiskEvent } from "./disk-log.ts";

/**
 * What a power cut leaves of a folder: everything that was synced, and of the rest what the disk happened to have
 * done. Strict, as POSIX allows and no file system is known to undercut: a write, a truncation or a new length is
 * certain after a sync of the file; a new, renamed or removed name after a sync of its folder. What is not certain
 * may be there whole, in part by sectors, or not at all, in any order.
 */
interface DataChange {
  /** Place in the log. */
  readonly at: number;
  readonly offset: number;
  /** Undefined: the file is cut or lengthened to `offset`. */
  readonly bytes: Buffer | undefined;
}

interface Inode {
  content: Buffer;
  size: number;
  pending: DataChange[];
}

interface NameChange {
  readonly at: number;
  /** Below the folder; undefined for a name that goes. */
  readonly names: readonly { readonly path: string; readonly node: Inode | "folder" | undefined }[];
}

class DiskState {
  /** As the process sees it. */
  readonly live = new Map<string, Inode | "folder">([["", "folder"]]);
  /** As the disk surely has it. */
  readonly certain = new Map<string, Inode | "folder">([["", "folder"]]);
  pendingNames: NameChange[] = [];
  readonly #open = new Map<number, { readonly path: string; readonly node: Inode | "folder" }>();

  apply(event: DiskEvent, at: number): void {
    switch (event.type) {
      case "open": {
        if (event.created)
          this.#name(at, [{ path: event.path, node: { content: Buffer.alloc(0), size: 0, pending: [] } }]);
        const node = this.live.get(event.path);
        if (node === undefined) throw new Error(`${event.path} was opened before it was made`);
        if (event.emptied && node !== "folder") node.pending.push({ at, offset: 0, bytes: undefined });
        this.#open.set(event.fd, { path: event.path, node });
        break;
      }
      case "close":
        this.#open.delete(event.fd);
        break;
      case "write":
        this.#file(event.fd).pending.push({ at, offset: event.offset, bytes: event.bytes });
        break;
      case "truncate":
        this.#file(event.fd).pending.push({ at, offset: event.size, bytes: undefined });
        break;
      case "sync":
        this.#sync(event.fd);
        break;
      case "rename":
        this.#name(at, [
          { path: event.to, node: this.live.get(event.from) },
          { path: event.from, node: undefined },
        ]);
        break;
      case "unlink":
      case "rmdir":
        this.#name(at, [{ path: event.path, node: undefined }]);
        break;
      case "mkdir":
        this.#name(at, [{ path: event.path, node: "folder" }]);
        break;
      case "mark":
        break;
    }
  }

  #name(at: number, names: NameChange["names"]): void {
    for (const { path, node } of names) setName(this.live, path, node);
    this.pendingNames.push({ at, names });
  }

  #file(fd: number): Inode {
    const open = this.#open.get(fd);
    if (open === undefined || open.node === "folder") throw new Error(`descriptor ${fd} is no open file`);
    return open.node;
  }

  #sync(fd: number): void {
    const open = this.#open.get(fd);
    if (open === undefined) throw new Error(`descriptor ${fd} is not open`);
    if (open.node !== "folder") {
      for (const change of open.node.pending) applyChange(open.node, change);
      open.node.pending = [];
      return;
    }
    const here = ({ names }: NameChange) => names.some(({ path }) => folderOf(path) === open.path);
    for (const { names } of this.pendingNames.filter(here)) {
      for (const { path, node } of names) setName(this.certain, path, node);
    }
    this.pendingNames = this.pendingNames.filter((change) => !here(change));
  }
}

const folderOf = (path: string) => (path.includes("/") ? dirname(path) : "");

function setName(names: Map<string, Inode | "folder">, path: string, node: Inode | "folder" | undefined): void {
  if (node === undefined) names.delete(path);
  else names.set(path, node);
}

type FileContent = Pick<Inode, "content" | "size">;

function applyChange(file: FileContent, { offset, bytes }: DataChange): void {
  if (bytes === undefined) {
    if (offset < file.size) file.content.fill(0, offset, file.size);
    grow(file, offset);
    file.size = offset;
    return;
  }
  grow(file, offset + bytes.length);
  bytes.copy(file.content, offset);
  file.size = Math.max(file.size, offset + bytes.length);
}

function grow(file: FileContent, size: number): void {
  if (size <= file.content.length) return;
  const larger = Buffer.alloc(Math.max(size, file.content.length * 2));
  file.content.copy(larger, 0, 0, file.size);
  file.content = larger;
}

/** What of the changes that are not certain is there. */
interface Choice {
  readonly name: string;
  keepsName(change: NameChange): boolean;
  /** The parts of a change that are there, by sectors; those of `bytes` undefined are one. */
  keepsSector(change: DataChange, sector: number): boolean;
}

const HOWS = ["all", "nothing", "some writes", "some sectors", "until a moment"] as const;

type How = (typeof HOWS)[number];

/** Draws how a disk fails. */
function choose(random: () => number, at: number, asked: How | undefined): Choice & { readonly sectorBytes: number } {
  const how = asked ?? (HOWS[Math.floor(random() * HOWS.length)] as How);
  const sectorBytes = random() < 0.5 ? 512 : 4096;
  const share = random();
  const moment = Math.floor(at * (1 - random() ** 3 * 0.2));
  const namesInOrder = random() < 0.5;
  const lastName = Math.floor(at * (1 - random() ** 3 * 0.2));
  const keepsSome = new Map<DataChange, boolean>();
  const keepsWrite = (change: DataChange) => {
    const kept = keepsSome.get(change) ?? random() < share;
    keepsSome.set(change, kept);
    return kept;
  };
  return {
    name: `${how}, sectors of ${sectorBytes}, names ${namesInOrder ? "in order" : "in any"}`,
    sectorBytes,
    keepsName(change) {
      if (how === "all") return true;
      if (how === "nothing") return false;
      return namesInOrder ? change.at <= lastName : random() < share;
    },
    keepsSector(change) {
      switch (how) {
        case "all":
          return true;
        case "nothing":
          return false;
        case "some writes":
          return keepsWrite(change);
        case "some sectors":
          return random() < share;
        case "until a moment":
          return change.at < moment || (change.at === moment && random() < 0.5);
      }
    },
  };
}

/** The content that a file may have: what is certain and, of the rest, what was chosen. */
function contentOf(node: Inode, choice: Choice & { readonly sectorBytes: number }, lengthens: boolean): Buffer {
  const file: FileContent = { content: Buffer.from(node.content.subarray(0, node.size)), size: node.size };
  let longest = node.size;
  for (const change of node.pending) {
    const { at, offset, bytes } = change;
    if (bytes === undefined) {
      if (choice.keepsSector(change, 0)) applyChange(file, change);
      longest = Math.max(longest, offset);
      continue;
    }
    longest = Math.max(longest, offset + bytes.length);
    for (let from = 0; from < bytes.length; ) {
      const end = (Math.floor((offset + from) / choice.sectorBytes) + 1) * choice.sectorBytes - offset;
      const part = bytes.subarray(from, Math.min(end, bytes.length));
      if (choice.keepsSector(change, (offset + from) / choice.sectorBytes)) {
        applyChange(file, { at, offset: offset + from, bytes: part });
      }
      from += part.length;
    }
  }
  // A length may be there before what it is the length of: zeros then.
  if (lengthens && longest > file.size) applyChange(file, { at: 0, offset: longest, bytes: undefined });
  return file.content.subarray(0, file.size);
}

/**
 * Writes to `target` a state in which a power cut right after the first `at` events may leave the folder, drawn from
 * `random`; says which. `how` is what is there of that which is not certain, else drawn too.
 */
export function writeImage(
  events: readonly DiskEvent[],
  at: number,
  random: () => number,
  target: string,
  how?: How,
): string {
  const state = new DiskState();
  for (let i = 0; i < at; i++) state.apply(events[i] as DiskEvent, i);
  const choice = choose(random, at, how);
  const names = new Map(state.certain);
  for (const change of state.pendingNames) {
    if (!choice.keepsName(change)) continue;
    for (const { path, node } of change.names) setName(names, path, node);
  }
  const lengthens = random() < 0.3;
  mkdirSync(target, { recursive: true });
  for (const [path, node] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (node === "folder") mkdirSync(join(target, path), { recursive: true });
    else if (names.get(folderOf(path)) === "folder" && !path.endsWith("-shm")) {
      writeFileSync(join(target, path), contentOf(node, choice, lengthens));
    }
  }
  return choice.name;
}
