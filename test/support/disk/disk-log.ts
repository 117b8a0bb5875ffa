/** What disk-shim.c records, in the order in which it happened. Paths are below the recorded folder, "" itself. */
export type DiskEvent =
  | {
      readonly type: "open";
      readonly fd: number;
      readonly path: string;
      readonly created: boolean;
      readonly emptied: boolean;
      readonly isFolder: boolean;
    }
  | { readonly type: "close" | "sync"; readonly fd: number }
  | { readonly type: "write"; readonly fd: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly type: "truncate"; readonly fd: number; readonly size: number }
  | { readonly type: "rename"; readonly from: string; readonly to: string }
  | { readonly type: "unlink" | "mkdir" | "rmdir"; readonly path: string }
  | { readonly type: "mark"; readonly text: string };

const HEAD_BYTES = 24;
const TYPES = ["", "open", "close", "write", "truncate", "sync", "rename", "unlink", "mkdir", "rmdir", "mark"] as const;
const CREATED = 1;
const EMPTIED = 2;
const FOLDER = 4;

/** `folder` is what the recorded paths began with. */
export function parseDiskLog(log: Buffer, folder: string): DiskEvent[] {
  const events: DiskEvent[] = [];
  const below = (path: string) => path.slice(folder.length).replace(/^\//, "").replace(/\/$/, "");
  for (let at = 0; at < log.length; ) {
    const type = TYPES[log.readUInt32LE(at)];
    const fd = log.readInt32LE(at + 4);
    const offset = Number(log.readBigUInt64LE(at + 8));
    const length = log.readUInt32LE(at + 16);
    const flags = log.readUInt32LE(at + 20);
    const bytes = log.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
    at += HEAD_BYTES + length;
    const text = () => bytes.toString("utf8");
    switch (type) {
      case "open":
        events.push({
          type,
          fd,
          path: below(text()),
          created: (flags & CREATED) !== 0,
          emptied: (flags & EMPTIED) !== 0,
          isFolder: (flags & FOLDER) !== 0,
        });
        break;
      case "close":
      case "sync":
        events.push({ type, fd });
        break;
      case "write":
        events.push({ type, fd, offset, bytes });
        break;
      case "truncate":
        events.push({ type, fd, size: offset });
        break;
      case "rename": {
        const [from = "", to = ""] = text().split("\0");
        events.push({ type, from: below(from), to: below(to) });
        break;
      }
      case "unlink":
      case "mkdir":
      case "rmdir":
        events.push({ type, path: below(text()) });
        break;
      case "mark":
        events.push({ type, text: text() });
        break;
      default:
        throw new Error(`the record at byte ${at} of the disk log is of no known type`);
    }
  }
  return events;
}
