import { PermanentError, RetryableError } from "../../component/errors.ts";
import { messageOf } from "../../model/message-of.ts";
import { SqlError } from "./driver.ts";

/** When senders may try again after the disk was full, ms. */
const FULL_RETRY_MS = 5_000;
const UNAVAILABLE_RETRY_MS = 1_000;

const FULL_ERRNO = new Set(["ENOSPC", "EDQUOT", "EIO", "EFBIG"]);

/** `code` of a file system error (`ENOSPC`), if it is one. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return error.code;
}

/**
 * What a failed write means to whoever sent the spans: nothing was acknowledged, and the same request may succeed
 * later. Errors that already say so pass through.
 */
export function writeError(error: unknown): RetryableError | PermanentError {
  if (error instanceof RetryableError || error instanceof PermanentError) return error;
  const full = error instanceof SqlError ? error.kind === "full" : FULL_ERRNO.has(errnoOf(error) ?? "");
  const text = messageOf(error);
  return full
    ? new RetryableError(
        "storage_full",
        `the data folder cannot take more: ${text}; nothing of this request was stored`,
        FULL_RETRY_MS,
        { cause: error },
      )
    : new RetryableError("storage_unavailable", `the span was not stored: ${text}`, UNAVAILABLE_RETRY_MS, {
        cause: error,
      });
}

/** What an error while opening the data folder means to the user: what was wrong and what to do. */
export function openError(folder: string, error: unknown): PermanentError {
  if (error instanceof PermanentError) return error;
  const text = messageOf(error);
  return new PermanentError(
    "data_folder_unusable",
    `the data folder ${folder} cannot be used: ${reason(error)} (${text}). Give another folder as storage.path, or mend this one.`,
    { cause: error },
  );
}

/** Runs `open` on files of the folder; what SQLite and the file system throw becomes what `openError` says. */
export function openIn<T>(folder: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw openError(folder, error);
  }
}

function reason(error: unknown): string {
  if (error instanceof SqlError) {
    switch (error.kind) {
      case "unreadable":
        return "the disk refuses to read";
      case "full":
        return "the disk is full or refuses to write";
      case "cannot_open":
        return "this user may not write there";
      case "corrupt":
        return "a file in it is damaged";
      default:
        return "SQLite refuses it";
    }
  }
  switch (errnoOf(error)) {
    case "EEXIST":
    case "ENOTDIR":
      return "a file is in the way where a folder is expected";
    case "EACCES":
    case "EPERM":
      return "this user may not write there";
    case "EROFS":
      return "the file system is read-only";
    case "ENOSPC":
    case "EDQUOT":
      return "the disk is full";
    case "EIO":
      return "the disk refuses to read or write";
    default:
      return "it could not be opened";
  }
}
