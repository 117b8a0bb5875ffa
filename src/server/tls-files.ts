import type { Server, TlsOptions } from "node:tls";
import { FileWatch } from "../component/file-watch.ts";
import type { Logger } from "../component/logger.ts";
import type { ListenerName } from "./listen-error.ts";
import { loadTls, type TlsConfig, type TlsMaterial } from "./tls.ts";

export interface TlsFilesSettings {
  readonly config: TlsConfig;
  /** `receivers.otlp.protocols.http.tls` */
  readonly configKey: string;
  readonly logger: Logger;
  /** Time between two looks at the files, ms. */
  readonly lookEveryMs?: number;
}

/** The files of a listener, undefined where it has no TLS. Their key is `tls` beside the listener's `endpoint`. */
export function openTlsFiles(
  config: TlsConfig | undefined,
  { configKey }: ListenerName,
  logger: Logger,
): TlsFiles | undefined {
  if (config === undefined) return undefined;
  return new TlsFiles({ config, configKey: configKey.replace(/\.endpoint$/, ".tls"), logger });
}

/** The certificate, key and authority of one listener, as they are on disk: what is replaced there is taken up. */
export class TlsFiles {
  readonly #settings: TlsFilesSettings;
  readonly #watch: FileWatch;
  #material: TlsMaterial;
  #onChange: ((material: TlsMaterial) => void) | undefined;

  /** @throws PermanentError `config_invalid`, as `loadTls`; then nothing is watched */
  constructor(settings: TlsFilesSettings) {
    this.#settings = settings;
    const { cert_file, key_file, client_ca_file } = settings.config;
    this.#watch = new FileWatch({
      paths: [cert_file, key_file, ...(client_ca_file === undefined ? [] : [client_ca_file])],
      onChange: () => this.reload(),
      ...(settings.lookEveryMs === undefined ? {} : { lookEveryMs: settings.lookEveryMs }),
    });
    try {
      this.#material = loadTls(settings.config, settings.configKey);
    } catch (error) {
      this.#watch.close();
      throw error;
    }
    this.#warnOfEnd();
  }

  /** What was read last and could be used. */
  get material(): TlsMaterial {
    return this.#material;
  }

  /** Told of new material, after the constructor's. */
  onChange(listener: (material: TlsMaterial) => void): void {
    this.#onChange = listener;
  }

  /** Reads the files now. What cannot be used is logged once, and what is in use stays. */
  reload(): void {
    const { config, configKey, logger } = this.#settings;
    let material: TlsMaterial;
    try {
      material = loadTls(config, configKey);
    } catch (error) {
      logger.error("the TLS files have changed and cannot be used; those read before stay in use", {
        reason: error instanceof Error ? error.message : String(error),
      });
      return;
    }
    if (same(material, this.#material)) return;
    this.#material = material;
    this.#onChange?.(material);
    logger.info("the TLS files have changed and are in use for new connections", {
      setting: configKey,
      valid_until: new Date(material.validUntilMs).toISOString(),
    });
    this.#warnOfEnd();
  }

  close(): void {
    this.#watch.close();
  }

  #warnOfEnd(): void {
    const { config, configKey, logger } = this.#settings;
    if (this.#material.validUntilMs > Date.now()) return;
    logger.warn("the TLS certificate has expired: clients will refuse it", {
      setting: `${configKey}.cert_file`,
      file: config.cert_file,
      valid_until: new Date(this.#material.validUntilMs).toISOString(),
    });
  }
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

function same(a: TlsMaterial, b: TlsMaterial): boolean {
  const sameCa = a.clientCa === b.clientCa || (a.clientCa !== undefined && b.clientCa?.equals(a.clientCa) === true);
  return a.cert.equals(b.cert) && a.key.equals(b.key) && sameCa;
}
