import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { DnsClient } from "../../src/discovery/dns/dns-client.ts";
import { DNS_TYPE } from "../../src/discovery/dns/dns-message.ts";
import { installed, ServerProgram } from "./processes.ts";

/** Debian package dnsmasq-base. */
export const DNSMASQ = installed("dnsmasq");

/** A real dnsmasq that answers from its own config alone; a change of the zone restarts it. */
export class Dnsmasq {
  readonly folder = mkdtempSync(join(tmpdir(), "spanloom-dnsmasq-"));
  #lines: readonly string[] = [];
  readonly #program = new ServerProgram({
    path: DNSMASQ as string,
    args: ([port]) => [
      ...["--keep-in-foreground", "--no-resolv", "--no-hosts", "--no-daemon", "--bind-interfaces", "--local-ttl=1"],
      ...["--listen-address=127.0.0.1", `--port=${port}`, "--local=/test/", "--pid-file="],
      ...[`--conf-file=${this.#config}`, "--user=", "--host-record=alive.test,127.0.0.9"],
    ],
    ready: async ([port]) => {
      const probe = new DnsClient({ servers: [`127.0.0.1:${port}`], timeoutMs: 200 });
      const { records } = await probe.query("alive.test", DNS_TYPE.a, AbortSignal.timeout(1_000));
      expect(records).toHaveLength(1);
    },
  });

  get port(): number {
    return this.#program.port();
  }

  get #config(): string {
    return join(this.folder, "dnsmasq.conf");
  }

  start(): Promise<void> {
    writeFileSync(this.#config, `${this.#lines.join("\n")}\n`);
    return this.#program.start();
  }

  async zone(lines: readonly string[]): Promise<void> {
    this.#lines = lines;
    await this.stop();
    await this.start();
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}
