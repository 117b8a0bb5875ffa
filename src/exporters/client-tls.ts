import { FileWatch } from "../component/file-watch.ts";
import type { Logger } from "../component/logger.ts";
import type { TlsConfig } from "./common-config.ts";
import { readTlsMaterial, type TlsMaterial } from "./tls-options.ts";

export interface ClientTlsSettings {
  /** The exporter's key in the config. */
  readonly name: string;
  readonly config: TlsConfig | undefined;
  readonly logger: Logger;
}

/** An exporter's authority, certificate and key, as they are on disk: what is replaced there is taken up. */
export class ClientTls {
  readonly #settings: ClientTlsSettings;
  readonly #watch: FileWatch | undefined;
  #material: TlsMaterial;
  #onChange: ((material: TlsMaterial) => void) | undefined;

  /** @throws PermanentError `config_invalid`, as `readTlsMaterial`; then nothing is watched */
  constructor(settings: ClientTlsSettings) {
    this.#settings = settings;
    const { ca_file, cert_file, key_file } = settings.config ?? {};
    const paths = [ca_file, cert_file, key_file].filter((path) => path !== undefined);
    this.#watch = paths.length === 0 ? undefined : new FileWatch({ paths, onChange: () => this.reload() });
    try {
      this.#material = readTlsMaterial(settings.name, settings.config);
    } catch (error) {
      this.#watch?.close();
      throw error;
    }
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  /** Told of new material, after the constructor's. */
  onChange(listener: (material: TlsMaterial) => void): void {
    this.#onChange = listener;
  }

  /** Reads the files now. What cannot be used is logged once, and what is in use stays. */
  reload(): void {
    const { name, config, logger } = this.#settings;
    try {
      this.#material = readTlsMaterial(name, config);
    } catch (error) {
      logger.error("the TLS files have changed and cannot be used; those read before stay in use", {
        reason: error instanceof Error ? error.message : String(error),
      });
      return;
    }
    this.#onChange?.(this.#material);
    logger.info("the TLS files have changed and are in use for new connections", { setting: `exporters.${name}.tls` });
  }

  close(): void {
    this.#watch?.close();
  }
}
