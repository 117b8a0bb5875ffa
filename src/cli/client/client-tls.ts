import { readFileSync } from "node:fs";
import { PermanentError } from "../../component/errors.ts";
import { fileReason } from "../../component/reasons.ts";
import type { TrustFlags } from "../options/connection-flags.ts";

/** Options of node:https. */
export interface ShownTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** @throws PermanentError `bad_request` where a file cannot be read, or one of certificate and key is missing */
export function readClientTls({ caFile, certFile, keyFile }: TrustFlags): ShownTls {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [given, missing] = certFile === undefined ? ["--key-file", "--cert-file"] : ["--cert-file", "--key-file"];
    throw new PermanentError("bad_request", `${given} needs ${missing}: a certificate is shown with its key`);
  }
  return {
    ...(caFile === undefined ? {} : { ca: read("--ca-file", caFile) }),
    ...(certFile === undefined ? {} : { cert: read("--cert-file", certFile) }),
    ...(keyFile === undefined ? {} : { key: read("--key-file", keyFile) }),
  };
}

function read(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new PermanentError("bad_request", `${flag} ${file}: cannot be read: ${fileReason(cause)}`, { cause });
  }
}
