import { readFile } from "node:fs/promises";
import { z } from "zod";
import { PermanentError } from "../../component/errors.ts";
import { messageOf } from "../../model/message-of.ts";
import { isLinkLocal, LinkLocalError } from "../../model/net/link-local.ts";
import { REGISTRY_ADDRESS_RULE } from "../client/http-client.ts";

export const timeoutConfig = z.int().min(1).max(600_000).default(5_000).describe("For one request, ms.");

/** An http or https URL of a registry, without credentials. */
export const registryUrlConfig = z.string().superRefine((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const message =
    url === undefined || !/^https?:$/.test(url.protocol) || url.host === ""
      ? `${JSON.stringify(text)} is no registry; expected http://host:port or https://host:port`
      : url.username !== "" || url.password !== ""
        ? "credentials do not belong into the URL; use the token or user settings"
        : isLinkLocal(url.hostname)
          ? new LinkLocalError(url.hostname, REGISTRY_ADDRESS_RULE).message
          : undefined;
  if (message !== undefined) context.addIssue({ code: "custom", message, input: text });
});

export const registryTlsConfig = z
  .strictObject({
    ca_file: z.string().min(1).optional().describe("PEM certificates to trust instead of the system's."),
    cert_file: z.string().min(1).optional().describe("PEM client certificate; needs key_file."),
    key_file: z.string().min(1).optional().describe("PEM key of cert_file."),
    server_name_override: z.string().min(1).optional().describe("Name to expect in the registry's certificate."),
    insecure_skip_verify: z.boolean().default(false).describe("Accept any certificate."),
  })
  .refine((tls) => (tls.cert_file === undefined) === (tls.key_file === undefined), {
    message: "cert_file and key_file must be given together",
  });

/** Reads the files. @throws PermanentError `config_invalid` naming the setting and the file. */
export async function readRegistryTls(key: string, tls: z.output<typeof registryTlsConfig> | undefined) {
  const read = (setting: "ca_file" | "cert_file" | "key_file") => readSettingFile(`${key}.${setting}`, tls?.[setting]);
  const [ca, cert, privateKey] = await Promise.all([read("ca_file"), read("cert_file"), read("key_file")]);
  return {
    ca,
    cert,
    key: privateKey,
    servername: tls?.server_name_override,
    rejectUnauthorized: tls?.insecure_skip_verify !== true,
  };
}

/** @throws PermanentError `config_invalid` naming the setting and the file. */
export async function readSettingFile(key: string, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new PermanentError("config_invalid", `${key}: cannot read ${path}: ${reason}`, { cause });
  }
}

/** What a read-only backend answers to register, deregister and heartbeat. */
export function readOnly(type: string, who: string): PermanentError {
  return new PermanentError("unsupported", `the ${type} backend only reads: ${who}`);
}
