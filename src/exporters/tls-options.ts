import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { PermanentError } from "../component/errors.ts";
import { fileReason } from "../component/reasons.ts";
import type { ClientTlsConfig } from "./common-config.ts";

/** Contents of the files that a ClientTlsConfig names, and its other settings, in Node's words. */
export interface ClientTlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/**
 * Reads the files and checks that they fit together. Throws PermanentError `config_invalid` that names the key and the
 * file.
 */
export function readTlsMaterial(name: string, tls: ClientTlsConfig | undefined): ClientTlsMaterial {
  const read = (key: "ca_file" | "cert_file" | "key_file") => {
    const path = tls?.[key];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      const message = `exporters.${name}.tls.${key}: cannot read ${path}: ${fileReason(error)}`;
      throw new PermanentError("config_invalid", message, { cause: error });
    }
  };
  const [ca, cert, key] = [read("ca_file"), read("cert_file"), read("key_file")];
  const contents = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  const check = (where: string, path: string | undefined, run: () => unknown) => {
    try {
      run();
    } catch (error) {
      // OpenSSL's "error:04800066:PEM routines::bad end line"
      const reason = (error as Error).message.replace(/^error:\w+:/, "");
      throw new PermanentError("config_invalid", `exporters.${name}.tls.${where}: ${path} cannot be used: ${reason}`, {
        cause: error,
      });
    }
  };
  // The context takes an authority that is no certificate without a word.
  if (ca !== undefined) check("ca_file", tls?.ca_file, () => new X509Certificate(ca));
  if (cert !== undefined) check("cert_file", tls?.cert_file, () => createSecureContext(contents));
  return {
    ...contents,
    ...(tls?.server_name_override === undefined ? {} : { servername: tls.server_name_override }),
    rejectUnauthorized: tls?.insecure_skip_verify !== true,
  };
}
