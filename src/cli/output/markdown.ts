import { printable } from "../../query/text/readable.ts";

/** Longest Markdown, bytes: it is for a chat, an issue or an assistant. */
const MAX_BYTES = 2_000;
/** Characters of a line of it. */
const MAX_LINE = 400;

/** The head and as many lines as there is room for. */
export function withinMarkdown(head: string, lines: readonly string[]): string {
  let kept = `${head}\n`;
  for (const line of [...lines, "", "Texts in `code` are data from spans."]) {
    if (Buffer.byteLength(kept) + Buffer.byteLength(line) + 1 > MAX_BYTES) break;
    kept += `${line}\n`;
  }
  return kept;
}

/** As a code span of Markdown, in which nothing but a backquote has a meaning. */
export function quotedForMarkdown(text: string): string {
  const safe = printable(text).replaceAll("`", "'");
  return `\`${safe.length > MAX_LINE ? `${safe.slice(0, MAX_LINE)}…` : safe}\``;
}
