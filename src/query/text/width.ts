/** What a terminal draws two cells wide: East Asian Width W and F (Unicode Standard Annex 11), and emoji. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18d08}\u{1b000}-\u{1b2fb}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** Marks on the character before, format characters, and the later parts of a Hangul syllable take no cell. */
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;
/** Pictures: what the emoji selector or a joiner makes one, and flags. */
const PICTURE = /\ufe0f|\p{Emoji_Presentation}|^\p{RI}\p{RI}$/u;
/** Latin letters, and what trees and bars are drawn with: a cell each. */
const NARROW = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2500-\u259f]*$/;
const ELLIPSIS = "…";

let segmenter: Intl.Segmenter | undefined;

/** Cells that a text takes in a terminal. It holds no control characters. */
export function textWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const cluster of clusters(text)) width += clusterWidth(cluster);
  return width;
}

/** The text, cut at a whole character where it is wider. The last cell then shows that something is missing. */
export function shorten(text: string, width: number): string {
  if (text.length <= width && NARROW.test(text)) return text;
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const cluster of clusters(text)) {
    used += clusterWidth(cluster);
    if (used > width - 1) break;
    kept += cluster;
  }
  return width < 1 ? "" : kept + ELLIPSIS;
}

/** The text with spaces up to a width. */
export function pad(text: string, width: number, side: "left" | "right" = "right"): string {
  const space = " ".repeat(Math.max(0, width - textWidth(text)));
  return side === "right" ? text + space : space + text;
}

/** Cells of a line of the terminal behind a stream. Undefined for a file or a pipe, whose lines may have any length. */
export function terminalWidth(stream: Pick<NodeJS.WriteStream, "isTTY" | "columns">): number | undefined {
  if (stream.isTTY !== true || !(stream.columns > 0)) return undefined;
  return Math.max(40, stream.columns);
}

/** What a reader takes for one character. */
function* clusters(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

function clusterWidth(cluster: string): number {
  if (PICTURE.test(cluster)) return 2;
  let width = 0;
  for (const character of cluster) {
    if (!NO_WIDTH.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
