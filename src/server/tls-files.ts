import type { Server, TlsOptions } from "node:tls";
import { FollowedTlsFiles, sameBytes } from "../component/followed-tls-files.ts";
import type { Logger } from "../component/logger.ts";
import type { ListenerName } from "./listen-error.ts";
import { loadTls, type TlsConfig, type TlsMaterial } from "./tls.ts";

/** The certificate, key and authority of one listener. */
export type TlsFiles = FollowedTlsFiles<TlsMaterial>;

/**
 * The files of a listener, undefined where it has no TLS. Their key is `tls` beside the listener's `endpoint`, and
 * that of a `grpc_endpoint` beside it.
 * @throws PermanentError `config_invalid`, as `loadTls`
 */
export function openTlsFiles(
  config: TlsConfig | undefined,
  { configKey }: ListenerName,
  logger: Logger,
): TlsFiles | undefined {
  if (config === undefined) return undefined;
  const { cert_file, key_file, client_ca_file } = config;
  const setting = configKey.replace(/\.(?:\w+_)?endpoint$/, ".tls");
  return new FollowedTlsFiles({
    paths: [cert_file, key_file, ...(client_ca_file === undefined ? [] : [client_ca_file])],
    read: () => loadTls(config, setting),
    same: (a, b) => sameBytes(a.cert, b.cert) && sameBytes(a.key, b.key) && sameBytes(a.clientCa, b.clientCa),
    setting,
    logger,
    describe: (material) => ({ valid_until: endOf(material) }),
    taken: (material) => {
      if (material.validUntilMs > Date.now()) return;
      logger.warn("the TLS certificate has expired: clients will refuse it", {
        setting: `${setting}.cert_file`,
        file: cert_file,
        valid_until: endOf(material),
      });
    },
  });
}

/** Makes a server with the files' material, which follows them. */
export function serveTls<S extends Server>(files: TlsFiles, create: (options: TlsOptions) => S): S {
  const server = create(serverOptions(files.material));
  files.onChange((material) => server.setSecureContext(serverOptions(material)));
  return server;
}

/** Has no ticket keys: a new context makes its own, so that no session outlives the authority that let it in. */
function serverOptions({ cert, key, clientCa, minVersion }: TlsMaterial): TlsOptions {
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  return { cert, key, minVersion, ...clients };
}

function endOf({ validUntilMs }: TlsMaterial): string {
  return new Date(validUntilMs).toISOString();
}
