import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { PermanentError } from "../../../component/errors.ts";
import { fileReason } from "../../../component/reasons.ts";
import { type SavedAbout, savedAboutOf } from "../../../query/local/saved-format.ts";
import { SECRET_WORDS } from "../../../query/saved/secret-keys.ts";
import { count, printable } from "../../../query/text/readable.ts";
import { requireTraceReference } from "../../client/trace-reference.ts";
import { addConnectionFlags, type ConnectionFlags } from "../../options/connection-flags.ts";
import { write } from "../../output/write.ts";
import { clientOf, readOneTrace } from "./one-trace.ts";

interface SaveFlags extends ConnectionFlags {
  readonly output?: string;
  readonly redact: readonly string[];
  readonly keepSecrets: boolean;
  readonly json: boolean;
}

/** Redacted keys that the command names. */
const LISTED = 20;

export function addSave(program: Command): void {
  addConnectionFlags(
    program
      .command("save")
      .description("save the page of one trace as one HTML file that opens anywhere, without a collector")
      .argument("<id>", "trace id or its first digits; hex, base64, UUID, traceparent header, or a link to the trace"),
  )
    .option("-o, --output <file>", "the file; - is standard output (default: trace-<id>.html)")
    .option(
      "--redact <key>",
      "also take out values of this attribute, in whole or by its last part (repeatable)",
      add,
      [],
    )
    .option("--keep-secrets", "leave what would be taken out by default in the file", false)
    .option("--json", "print what was saved and redacted as JSON", false)
    .addHelpText(
      "after",
      `
Taken out by default: values of keys with one of the words below; URL parameters and JSON fields
of such names inside of texts; users and passwords of URLs; bearer and basic credentials.
  ${wrapped(SECRET_WORDS)}

Examples:
  spanloom save 0af7651916cd43dd8448eb211c80319c -o bug.html
  spanloom save 0af76519 --redact user.email --redact enduser.id
  spanloom save 0af76519 --keep-secrets -o - > bug.html`,
    )
    .action(run);
}

function add(key: string, keys: readonly string[]): readonly string[] {
  return [...keys, key];
}

async function run(text: string, flags: SaveFlags, command: Command): Promise<void> {
  const reference = requireTraceReference(text);
  const client = clientOf(reference, flags, command);
  const query = new URLSearchParams(flags.redact.map((key): [string, string] => ["redact", key]));
  if (flags.keepSecrets) query.set("secrets", "true");
  const html = await readOneTrace(client, reference, flags.json || flags.output === "-", (id) =>
    client.text(`api/ui/traces/${id}/page?${query}`),
  );
  const about = savedAboutOf(html);
  if (about === undefined) throw new PermanentError("bad_request", `${client.base} answered with no saved trace`);
  if (flags.output === "-") {
    await write(process.stdout, html);
    return;
  }
  const file = flags.output ?? `trace-${about.traceId}.html`;
  try {
    await writeFile(file, html);
  } catch (cause) {
    throw new PermanentError("bad_request", `${file}: cannot be written: ${fileReason(cause)}`, { cause });
  }
  if (flags.json) process.stdout.write(`${JSON.stringify({ file, bytes: Buffer.byteLength(html), ...about })}\n`);
  else process.stdout.write(savedText(file, Buffer.byteLength(html), about));
}

function savedText(file: string, bytes: number, { spans, redacted }: SavedAbout): string {
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const lines = [`${file}: ${count(spans, "span")}, ${size}`];
  const values = redacted.reduce((sum, key) => sum + key.values, 0);
  if (values === 0) lines.push("nothing was redacted");
  else lines.push(`${count(values, "value")} redacted:`);
  for (const { key, values: times, inText } of redacted.slice(0, LISTED)) {
    lines.push(`  ${printable(key)}${inText ? ", inside of texts" : ""} (${times})`);
  }
  if (redacted.length > LISTED) lines.push(`  and ${count(redacted.length - LISTED, "more key")}`);
  return `${lines.join("\n")}\n`;
}

/** In lines of the help. */
function wrapped(words: readonly string[]): string {
  const lines: string[] = [""];
  for (const [at, word] of words.entries()) {
    const text = at === words.length - 1 ? word : `${word}, `;
    if ((lines.at(-1) as string).length + text.length > 100) lines.push("");
    lines[lines.length - 1] += text;
  }
  return lines.map((line) => line.trimEnd()).join("\n  ");
}
