import { type Command, InvalidArgumentError, Option } from "commander";
import { checkUrl } from "./option-values.ts";

/** Where a collector's read APIs answer when a command is not told. */
export const DEFAULT_URL = "http://127.0.0.1:16686";

/** What a collector is shown, and what it has to show. */
export interface TrustFlags {
  readonly header?: readonly (readonly [name: string, value: string])[];
  readonly token?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** How a command reaches a running collector. */
export interface ConnectionFlags extends TrustFlags {
  readonly url: string;
}

/** The flags of every command that talks to a running collector. */
export function addConnectionFlags(command: Command): Command {
  return addTrustFlags(
    command.addOption(
      new Option("--url <url>", "web UI address of the collector, also with user:password@")
        .argParser(checkUrl)
        .env("SPANLOOM_URL")
        .default(DEFAULT_URL),
    ),
  );
}

/** What a collector behind a proxy may take besides its address. */
export function addTrustFlags(command: Command): Command {
  return command
    .option(
      "--header <name: value>",
      "sent with every request, such as authorization: Bearer … (repeatable)",
      collectHeader,
    )
    .addOption(tokenOption())
    .option("--ca-file <file>", "PEM certificates to trust in place of the system's")
    .option("--cert-file <file>", "PEM certificate of this client, where the collector asks for one")
    .option("--key-file <file>", "PEM key of --cert-file");
}

/** What a collector with access control is shown. */
export function tokenOption(): Option {
  const help = "of a collector with access control, sent as authorization: Bearer";
  return new Option("--token <token>", help).env("SPANLOOM_TOKEN");
}

type Header = readonly [name: string, value: string];

function collectHeader(text: string, previous: readonly Header[] = []): readonly Header[] {
  const at = text.indexOf(":");
  const [name, value] = [text.slice(0, Math.max(0, at)).trim(), text.slice(at + 1).trim()];
  // A token, and visible characters or blanks (RFC 9110 §5.6.2 and §5.5).
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]+$/.test(value)) {
    throw new InvalidArgumentError("expected a name and a value such as 'authorization: Bearer abc'");
  }
  return [...previous, [name, value]];
}
