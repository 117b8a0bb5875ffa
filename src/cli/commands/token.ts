import type { Command } from "commander";
import { PermanentError } from "../../component/errors.ts";

interface TokenFlags {
  readonly user?: string;
  readonly json: boolean;
}

/** Fewer are guessed. */
const FEWEST_CHARACTERS = 10;

export function addToken(program: Command): void {
  program
    .command("token")
    .description("make a token for `access.tokens`, or the hash of a password for `access.users`; nothing is stored")
    .option("--user <name>", "read this user's password from standard input, and print its hash")
    .option("--json", "as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  spanloom token                             a token for programs, and what the config keeps of it
  read -rs P && printf %s "$P" | spanloom token --user ada`,
    )
    .action(async (flags: TokenFlags) => {
      const lines = flags.user === undefined ? await token(flags.json) : await password(flags.user, flags.json);
      process.stdout.write(lines);
    });
}

async function token(json: boolean): Promise<string> {
  const { makeToken, tokenDigest } = await import("../../access/secrets.ts");
  const made = makeToken();
  const digest = tokenDigest(made);
  if (json) return `${JSON.stringify({ token: made, sha256: digest })}\n`;
  return `token:   ${made}\nconfig:  ${digest}\n`;
}

/** @throws PermanentError `bad_request` */
async function password(user: string, json: boolean): Promise<string> {
  const { text } = await import("node:stream/consumers");
  if (process.stdin.isTTY) process.stderr.write(`password of ${user}, then Ctrl-D twice:\n`);
  const given = (await text(process.stdin)).replace(/\r?\n$/, "");
  if (given.length < FEWEST_CHARACTERS) {
    throw new PermanentError("bad_request", `the password: expected at least ${FEWEST_CHARACTERS} characters`);
  }
  const { hashPassword } = await import("../../access/secrets.ts");
  const hashed = await hashPassword(given);
  return json ? `${JSON.stringify({ user, password: hashed })}\n` : `config:  ${hashed}\n`;
}
