import { readFile } from "node:fs/promises";

const RESOLV_CONF = "/etc/resolv.conf";

/**
 * The first domain of the system's search list: LOCALDOMAIN, else the last `search` or `domain` line of the resolver's
 * file (resolv.conf(5)). Undefined where there is none.
 */
export async function systemSearchDomain(
  environment: Readonly<Record<string, string | undefined>>,
  path: string = RESOLV_CONF,
): Promise<string | undefined> {
  const listed = environment.LOCALDOMAIN ?? searchLine(await readFile(path, "utf8").catch(() => ""));
  const first = listed.trim().split(/\s+/, 1)[0] as string;
  const domain = first.replace(/\.$/, "");
  return domain === "" ? undefined : domain;
}

function searchLine(text: string): string {
  return [...text.matchAll(/^(?:search|domain)[ \t]+(.*)$/gm)].at(-1)?.[1] ?? "";
}
