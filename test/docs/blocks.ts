import { text } from "./files.ts";

/** What a block of commands needs, as the comment above it says: `<!-- run: collector -->`. */
export type Needs =
  /** `<!-- run -->`: a collector that its commands talk to. */
  | "running"
  /** Its commands start a collector, or the proxy: each is stopped when it is ready. */
  | "server"
  /** A data folder `./spanloom-data` with spans. */
  | "data"
  /** It installs the command from the checkout. */
  | "install";

export interface ShellBlock {
  readonly page: string;
  readonly line: number;
  readonly commands: string;
  /** Undefined where the page says why it is not run, or says nothing. */
  readonly needs: Needs | undefined;
  /** `<!-- not run: needs Docker -->` */
  readonly reason: string | undefined;
}

const NEEDS: Readonly<Record<string, Needs>> = {
  "": "running",
  collector: "server",
  proxy: "server",
  data: "data",
  install: "install",
};

/** Every block of commands in a page, in its order, with the mark right above it. */
export function shellBlocks(page: string): ShellBlock[] {
  const content = text(page);
  const fences = /^( *)(?:<!-- (.*?) -->\n *)?```(?:sh|bash|shell|console)\n([\s\S]*?)^ *```$/gm;
  return [...content.matchAll(fences)].map(({ 1: indent = "", 2: mark = "", 3: commands = "", index }) => {
    const [, what] = /^run(?:: (\w+))?$/.exec(mark) ?? [undefined, undefined];
    const reason = /^not run: (.+)$/.exec(mark)?.[1];
    return {
      page,
      line: content.slice(0, index).split("\n").length,
      commands: commands.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      needs: mark.startsWith("run") ? NEEDS[what ?? ""] : undefined,
      reason,
    };
  });
}
