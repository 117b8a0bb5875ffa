import { experimental, type ServerCredentials } from "@grpc/grpc-js";
import type { TlsFiles } from "./tls-files.ts";

/** Credentials of a gRPC server that follow the files; those without a client authority ask for no certificate. */
export function followingCredentials(files: TlsFiles): ServerCredentials {
  const provider = new Provider(files);
  const asksForCertificate = files.material.clientCa !== undefined;
  // The library's type calls its first argument the authority; it is the identity, and the second the authority.
  return experimental.createCertificateProviderServerCredentials(
    provider,
    asksForCertificate ? provider : null,
    asksForCertificate,
  );
}

/** The library's shape of a source of certificates: listeners are told later, never while they are added. */
class Provider implements experimental.CertificateProvider {
  readonly #files: TlsFiles;
  readonly #authority = new Set<experimental.CaCertificateUpdateListener>();
  readonly #identity = new Set<experimental.IdentityCertificateUpdateListener>();

  constructor(files: TlsFiles) {
    this.#files = files;
    files.onChange(() => {
      for (const listener of this.#authority) this.#tellAuthority(listener);
      for (const listener of this.#identity) this.#tellIdentity(listener);
    });
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#authority.add(listener);
    process.nextTick(() => this.#tellAuthority(listener));
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#authority.delete(listener);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identity.add(listener);
    process.nextTick(() => this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identity.delete(listener);
  }

  #tellAuthority(listener: experimental.CaCertificateUpdateListener): void {
    const { clientCa } = this.#files.material;
    listener(clientCa === undefined ? null : { caCertificate: clientCa });
  }

  #tellIdentity(listener: experimental.IdentityCertificateUpdateListener): void {
    const { cert, key } = this.#files.material;
    listener({ certificate: cert, privateKey: key });
  }
}
