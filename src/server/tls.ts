import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { z } from "zod";
import { PermanentError } from "../component/errors.ts";
import { fileReason } from "../component/reasons.ts";

/** The Collector's names for a server's TLS settings. */
export const tlsConfig = z.strictObject({
  cert_file: z
    .string()
    .min(1)
    .describe("PEM file with the certificate and those that signed it; read again when it changes, like the next two."),
  key_file: z.string().min(1).describe("PEM file with the certificate's private key."),
  client_ca_file: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file with the authority that clients' certificates must be signed by; without it they need none."),
  min_version: z.enum(["1.2", "1.3"]).default("1.2").describe("Oldest TLS version that is spoken."),
});
type Parsed = z.infer<typeof tlsConfig>;
/** Without `min_version`, as gRPC's listeners have it, it is 1.2. */
export type TlsConfig = Omit<Parsed, "min_version"> & Partial<Pick<Parsed, "min_version">>;

export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Present when clients have to show a certificate that this authority signed. */
  readonly clientCa: Buffer | undefined;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** When the certificate ends, ms since the epoch. */
  readonly validUntilMs: number;
}

/**
 * Reads the files and checks that they can be served with: a certificate, its key, and an authority.
 * @throws PermanentError `config_invalid` naming the setting, the file and what is wrong with it
 */
export function loadTls(config: TlsConfig, configKey: string): TlsMaterial {
  const cert = readPem(config.cert_file, `${configKey}.cert_file`);
  const key = readPem(config.key_file, `${configKey}.key_file`);
  const caPath = config.client_ca_file;
  const clientCa = caPath === undefined ? undefined : readPem(caPath, `${configKey}.client_ca_file`);
  const certificate = parsed(`${configKey}.cert_file`, config.cert_file, "certificate", () => certificates(cert)[0]);
  const privateKey = parsed(
    `${configKey}.key_file`,
    config.key_file,
    "private key",
    (): KeyObject => createPrivateKey(key),
  );
  if (caPath !== undefined && clientCa !== undefined) {
    parsed(`${configKey}.client_ca_file`, caPath, "certificate", () => certificates(clientCa)[0]);
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new PermanentError(
      "config_invalid",
      `${configKey}.key_file: ${config.key_file} is not the key of the certificate in ${config.cert_file}`,
    );
  }
  const minVersion = config.min_version === "1.3" ? "TLSv1.3" : "TLSv1.2";
  parsed(`${configKey}.cert_file`, config.cert_file, "certificate that can be served", () =>
    createSecureContext({ cert, key, minVersion, ...(clientCa === undefined ? {} : { ca: clientCa }) }),
  );
  return { cert, key, clientCa, minVersion, validUntilMs: Date.parse(certificate.validTo) };
}

function readPem(path: string, configKey: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new PermanentError("config_invalid", `${configKey}: cannot read ${path}: ${fileReason(cause)}`, { cause });
  }
  if (!bytes.includes("-----BEGIN ")) {
    throw new PermanentError("config_invalid", `${configKey}: ${path} holds no PEM block (-----BEGIN …)`);
  }
  return bytes;
}

function certificates(pem: Buffer): X509Certificate[] {
  const blocks = pem
    .toString("latin1")
    .match(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?(?:-----END [^\n]*|$)/g);
  return (blocks ?? []).map((block) => new X509Certificate(block));
}

function parsed<T>(configKey: string, path: string, what: string, parse: () => T | undefined): T {
  let value: T | undefined;
  let reason = "";
  try {
    value = parse();
  } catch (cause) {
    // OpenSSL's "error:04800066:PEM routines::bad end line"
    reason = `: ${(cause as Error).message.replace(/^error:\w+:/, "")}`;
  }
  if (value !== undefined) return value;
  throw new PermanentError("config_invalid", `${configKey}: ${path} holds no ${what}${reason}`);
}
