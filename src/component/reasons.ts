import { messageOf } from "../model/message-of.ts";

const FILE_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EISDIR: "it is a folder, not a file",
  ENOTDIR: "a part of the path is a file, not a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOSPC: "no space is left on the disk",
  EROFS: "the file system is read-only",
};

/** Why a file could not be read or written, in words that need no path: the caller names it. */
export function fileReason(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return (typeof code === "string" ? FILE_REASONS[code] : undefined) ?? messageOf(error);
}

/** Why a `fetch` got no answer: its own error says only "fetch failed" and keeps the reason as its cause. */
export function fetchReason(error: unknown): string {
  const { cause } = (error ?? {}) as { cause?: { code?: unknown; message?: unknown } };
  if (typeof cause?.code === "string") return cause.code;
  return typeof cause?.message === "string" && cause.message !== "" ? cause.message : messageOf(error);
}

/**
 * What went wrong with a connection or a request: several addresses may have been tried, and some errors have no text.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message || error.name : String(error);
}

/** For the log, of what is a fault of ours: with the place. */
export function stackOf(error: unknown): string {
  return (error instanceof Error ? error.stack : undefined) ?? messageOf(error);
}
