import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { PermanentError } from "../../../component/errors.ts";
import { makeFolder, PRIVATE_FOLDER } from "../../../component/files/make-folder.ts";
import { fileReason } from "../../../component/reasons.ts";
import { DAY_MS, HOUR_MS } from "../../../model/time.ts";
import { WholeFile } from "../../output/whole-file.ts";
import { write } from "../../output/write.ts";
import { AUTHORITY_DAYS, type CertificateFlags } from "./certificate-flags.ts";
import { type Authority, createAuthority, issueCertificate, type Validity } from "./issue-certificate.ts";

const AUTHORITY_NAME = "Spanloom development authority";
/** A clock that is behind by no more takes a new certificate all the same. */
const BEFORE_MS = HOUR_MS;
const LOOPBACK = ["localhost", "127.0.0.1", "::1"];
const SECRET = 0o600;
const PUBLIC = 0o644;

interface Files {
  readonly ca: string;
  readonly caKey: string;
  readonly cert: string;
  readonly key: string;
}

/** What was made, as `--json` prints it. */
interface Made {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly valid_until: string;
  readonly new_authority: boolean;
}

/**
 * Makes a certificate, and an authority where the folder has none.
 * @throws PermanentError `bad_request` where a file cannot be read or written, is somebody else's, or the authority
 *   ends before the certificate would
 */
export async function makeCertificate(flags: CertificateFlags): Promise<void> {
  const files = filesOf(flags);
  const names = flags.client === undefined ? listenerNames(flags.name) : [flags.client];
  const validity = validFor(flags.days);
  const isNew = !existsSync(files.ca);
  if (isNew) await newAuthority(flags.out, files);
  const { authority, cert } = readAuthority(files);
  if (validity.until > cert.validToDate) {
    const last = Math.floor((cert.validToDate.getTime() - Date.now()) / DAY_MS);
    throw refusal(`--days ${flags.days}: the authority ${files.ca} ends before; at most ${last} days are left of it`);
  }
  refuseForeign(files.cert, cert);
  const issued = issueCertificate(authority, names, flags.client === undefined ? "server" : "client", validity);
  await put(files.key, issued.key, SECRET);
  await put(files.cert, issued.cert, PUBLIC);
  const { ca, cert: certFile, key } = files;
  const made = { ca, cert: certFile, key, names, valid_until: validity.until.toISOString(), new_authority: isNew };
  await write(process.stdout, flags.json ? `${JSON.stringify(made)}\n` : textOf(made, flags));
}

function filesOf({ out, client }: CertificateFlags): Files {
  const [cert, key] =
    client === undefined ? ["cert.pem", "key.pem"] : [`client-${client}.pem`, `client-${client}-key.pem`];
  return { ca: join(out, "ca.pem"), caKey: join(out, "ca-key.pem"), cert: join(out, cert), key: join(out, key) };
}

function listenerNames(names: readonly string[]): readonly string[] {
  return names.length > 0 ? names : [...new Set([...LOOPBACK, hostname().toLowerCase()])];
}

/** To the second, as certificates have it. */
function validFor(days: number): Validity {
  const now = Math.floor(Date.now() / 1000) * 1000;
  return { from: new Date(now - BEFORE_MS), until: new Date(now + days * DAY_MS) };
}

async function newAuthority(folder: string, files: Files): Promise<void> {
  if (existsSync(files.caKey))
    throw refusal(`${files.caKey} is there and ${files.ca} is not: move it away, or bring both`);
  try {
    makeFolder(folder, PRIVATE_FOLDER);
  } catch (error) {
    throw refusal(`cannot make the folder ${folder}: ${fileReason(error)}`);
  }
  const { cert, key } = createAuthority(AUTHORITY_NAME, validFor(AUTHORITY_DAYS));
  await put(files.caKey, key, SECRET);
  await put(files.ca, cert, PUBLIC);
}

function readAuthority({ ca, caKey }: Files): { readonly authority: Authority; readonly cert: X509Certificate } {
  const cert = certificateIn(ca);
  const key = parsed(caKey, (bytes) => createPrivateKey(bytes), "a private key without a pass phrase");
  if (!cert.ca || !cert.checkPrivateKey(key)) throw refusal(`${caKey} is not the key of the authority in ${ca}`);
  if (key.asymmetricKeyType !== "ec") throw refusal(`${caKey}: expected an elliptic curve key, as this command makes`);
  const [, commonName] = /^CN=(.*)$/.exec(cert.subject) ?? [];
  if (commonName === undefined)
    throw refusal(`${ca}: expected an authority with a common name alone, as this command makes`);
  return { authority: { commonName, key }, cert };
}

/** A certificate that another authority signed is not ours to replace. */
function refuseForeign(file: string, authority: X509Certificate): void {
  if (!existsSync(file) || certificateIn(file).verify(authority.publicKey)) return;
  throw refusal(`${file} is there and is not signed by the authority beside it: move it away, or name another --out`);
}

function certificateIn(file: string): X509Certificate {
  return parsed(file, (bytes) => new X509Certificate(bytes), "a certificate");
}

function parsed<T>(file: string, parse: (bytes: Buffer) => T, expected: string): T {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw refusal(`cannot read ${file}: ${fileReason(error)}`);
  }
  try {
    return parse(bytes);
  } catch {
    throw refusal(`${file}: expected ${expected} in PEM`);
  }
}

/** A collector may be reading it. */
async function put(path: string, text: string, mode: number): Promise<void> {
  const file = await WholeFile.create(path, mode);
  await file.write(text);
  await file.finish();
}

function textOf(made: Made, { client }: CertificateFlags): string {
  const day = made.valid_until.slice(0, 10);
  const first = made.new_authority ? `made the authority ${made.ca}; clients have to trust it\n` : "";
  const setting =
    client === undefined
      ? "In the config, at each listener that is to speak TLS:\n\n" +
        `  tls:\n    cert_file: ${made.cert}\n    key_file: ${made.key}\n\n` +
        `Senders: OTEL_EXPORTER_OTLP_CERTIFICATE=${made.ca}\n`
      : `At the listener: client_ca_file: ${made.ca}\n` +
        `Senders: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=${made.cert} OTEL_EXPORTER_OTLP_CLIENT_KEY=${made.key}\n`;
  return `${first}made ${made.cert} and ${made.key} for ${made.names.join(", ")}, valid until ${day}\n\n${setting}`;
}

function refusal(message: string): PermanentError {
  return new PermanentError("bad_request", message);
}
