import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { installed, ServerProgram } from "./processes.ts";

/** Debian package etcd-server. */
export const ETCD = installed("etcd");
/** Of the user `root`, once it is required. */
export const PASSWORD = "s3cret";

/** A real etcd in a temporary folder. */
export class Etcd {
  readonly folder = mkdtempSync(join(tmpdir(), "spanloom-etcd-"));
  readonly #program = new ServerProgram({
    path: ETCD as string,
    ports: 2,
    args: (ports) => {
      const [client, peer] = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string];
      return [
        ...["--name", "test", "--data-dir", this.folder, "--log-level", "error", "--bcrypt-cost", "4"],
        ...["--listen-client-urls", client, "--advertise-client-urls", client],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `test=${peer}`],
      ];
    },
    ready: async ([port]) => expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200),
  });

  get port(): number {
    return this.#program.port();
  }

  start(): Promise<void> {
    return this.#program.start();
  }

  async post(path: string, body: object, token?: string): Promise<Record<string, unknown>> {
    const headers = token === undefined ? {} : { authorization: token };
    const answer = await fetch(`http://127.0.0.1:${this.port}/v3/${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    const value = (await answer.json()) as Record<string, unknown>;
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(value)}`);
    return value;
  }

  async requirePassword(): Promise<void> {
    await this.post("auth/user/add", { name: "root", password: PASSWORD });
    await this.post("auth/role/add", { name: "root" });
    await this.post("auth/user/grant", { user: "root", role: "root" });
    await this.post("auth/enable", {});
  }

  async token(): Promise<string> {
    return String((await this.post("auth/authenticate", { name: "root", password: PASSWORD })).token);
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
