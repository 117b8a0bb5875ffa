import { readFile } from "node:fs/promises";
import { PermanentError } from "../component/errors.ts";
import { fileReason } from "../component/reasons.ts";
import type { TlsConfig } from "./common-config.ts";

/** Contents of the files that a TlsConfig names, and its other settings, in Node's words. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/** Reads the files. Throws PermanentError `config_invalid` that names the key and the file. */
export async function readTlsMaterial(name: string, tls: TlsConfig | undefined): Promise<TlsMaterial> {
  const read = async (key: "ca_file" | "cert_file" | "key_file") => {
    const path = tls?.[key];
    if (path === undefined) return undefined;
    try {
      return await readFile(path);
    } catch (error) {
      const message = `exporters.${name}.tls.${key}: cannot read ${path}: ${fileReason(error)}`;
      throw new PermanentError("config_invalid", message, { cause: error });
    }
  };
  const [ca, cert, key] = await Promise.all([read("ca_file"), read("cert_file"), read("key_file")]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls?.server_name_override === undefined ? {} : { servername: tls.server_name_override }),
    rejectUnauthorized: tls?.insecure_skip_verify !== true,
  };
}
