import { readFileSync } from "node:fs";
import { z } from "zod";
import { PermanentError } from "../component/errors.ts";
import { fileReason } from "../component/reasons.ts";

/** The Collector's names for a server's TLS settings. */
export const tlsConfig = z.strictObject({
  cert_file: z.string().min(1).describe("PEM file with the certificate and those that signed it."),
  key_file: z.string().min(1).describe("PEM file with the certificate's private key."),
  client_ca_file: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file with the authority that clients' certificates must be signed by; without it they need none."),
  min_version: z.enum(["1.2", "1.3"]).default("1.2").describe("Oldest TLS version that is spoken."),
});
export type TlsConfig = z.infer<typeof tlsConfig>;

export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Present when clients have to show a certificate that this authority signed. */
  readonly clientCa: Buffer | undefined;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** @throws PermanentError `config_invalid` naming the setting and the file that cannot be read. */
export function loadTls(config: TlsConfig, configKey: string): TlsMaterial {
  return {
    cert: readPem(config.cert_file, `${configKey}.cert_file`),
    key: readPem(config.key_file, `${configKey}.key_file`),
    clientCa:
      config.client_ca_file === undefined ? undefined : readPem(config.client_ca_file, `${configKey}.client_ca_file`),
    minVersion: config.min_version === "1.3" ? "TLSv1.3" : "TLSv1.2",
  };
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
