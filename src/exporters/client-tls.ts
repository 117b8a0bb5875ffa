import { FollowedTlsFiles, sameBytes } from "../component/followed-tls-files.ts";
import type { Logger } from "../component/logger.ts";
import type { ClientTlsConfig } from "./common-config.ts";
import { type ClientTlsMaterial, readTlsMaterial } from "./tls-options.ts";

export type ClientTls = FollowedTlsFiles<ClientTlsMaterial>;

/** The files of the exporter `name`, where it has any. @throws PermanentError `config_invalid`, as `readTlsMaterial` */
export function openClientTls(name: string, config: ClientTlsConfig | undefined, logger: Logger): ClientTls {
  const { ca_file, cert_file, key_file } = config ?? {};
  return new FollowedTlsFiles({
    paths: [ca_file, cert_file, key_file].filter((path) => path !== undefined),
    read: () => readTlsMaterial(name, config),
    same: (a, b) => sameBytes(a.ca, b.ca) && sameBytes(a.cert, b.cert) && sameBytes(a.key, b.key),
    setting: `exporters.${name}.tls`,
    logger,
  });
}
