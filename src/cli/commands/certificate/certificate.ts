import { type Command, InvalidArgumentError } from "commander";
import { AUTHORITY_DAYS, type CertificateFlags } from "./certificate-flags.ts";

/** Some clients take no certificate that is valid for more than 398 days. */
const DEFAULT_DAYS = 397;
const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const DNS_NAME = new RegExp(`^(?:\\*\\.)?(?:${LABEL}\\.)*${LABEL}$`, "i");
const MOST_CHARACTERS = 253;
const CLIENT_NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/i;

export function addCertificate(program: Command): void {
  program
    .command("certificate")
    .description("make certificates for trying TLS: an authority of your own, and a listener's or client's of it")
    .option("-o, --out <folder>", "where the files are; an authority that is there is used again", "spanloom-tls")
    .option(
      "--name <name>",
      "host name or IP address of the listener, repeatable (default: localhost, its addresses, this machine's name)",
      addName,
      [],
    )
    .option("--client <name>", "a certificate for a client of this name instead", checkClient)
    .option("--days <days>", "how long it is valid", parseDays, DEFAULT_DAYS)
    .option("--json", "print the files as JSON", false)
    .addHelpText(
      "after",
      `
Files: ca.pem, which clients have to trust, and its key ca-key.pem; cert.pem and key.pem of the listener,
or client-NAME.pem and client-NAME-key.pem, where the listener has a client_ca_file.
Run it again before a certificate ends: a collector takes new files without a restart, and clients
that trust ca.pem notice nothing.

Examples:
  spanloom certificate
  spanloom certificate --out tls --name traces.example.org --name 10.0.0.5
  spanloom certificate --out tls --client checkout --days 30`,
    )
    .action(async (flags: CertificateFlags) => {
      const { makeCertificate } = await import("./certificate-run.ts");
      await makeCertificate(flags);
    });
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > AUTHORITY_DAYS) {
    throw new InvalidArgumentError(
      `expected a number of days from 1 to ${AUTHORITY_DAYS}, as long as an authority is valid`,
    );
  }
  return days;
}

function addName(name: string, names: readonly string[]): readonly string[] {
  // What looks like an address has to be one: nobody finds a listener at 10.0.0.256.
  const isName = name.length <= MOST_CHARACTERS && DNS_NAME.test(name) && !/^[\d.]+$/.test(name);
  if (!isName && !isAddress(name)) {
    throw new InvalidArgumentError("expected a host name such as traces.example.org, or an IP address");
  }
  return [...names, name];
}

/** By the parser of URLs, which is loaded already; it takes 127.1 for an address too, and that is none here. */
function isAddress(name: string): boolean {
  const isVersion4 = /^\d+(?:\.\d+){3}$/.test(name);
  return (isVersion4 || name.includes(":")) && URL.canParse(`http://${isVersion4 ? name : `[${name}]`}`);
}

function checkClient(name: string): string {
  if (!CLIENT_NAME.test(name)) {
    throw new InvalidArgumentError("expected a name of letters, digits, dots, dashes and underscores");
  }
  return name;
}
