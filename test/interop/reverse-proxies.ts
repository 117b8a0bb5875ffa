import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed, ServerProgram } from "./processes.ts";

/** Debian packages nginx and caddy. */
export const NGINX = installed("nginx", "-v");
export const CADDY = installed("caddy", "version");
/** What a reverse proxy that asks for it is told, `user:password`. */
export const CREDENTIALS = { username: "anna", password: "s3cret" };

const OPERATIONS = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");

/** The text of the program's config for a port of its own, in front of the UI at `host:port`. */
export type ConfigText = (port: number, ui: string, folder: string) => string;

/** The location of docs/operations.md as written, but for the collector's port and the password file's place. */
export const documentedNginx: ConfigText = (port, ui, folder) => {
  const location = /^ *```nginx\n(.*?)^ *```/ms.exec(OPERATIONS)?.[1] ?? "";
  const placed = location
    .replace("http://127.0.0.1:16686", `http://${ui}`)
    .replace("/etc/nginx/tracing.htpasswd", join(folder, "htpasswd"));
  return nginxWith(placed)(port, ui, folder);
};

/** An nginx with one location. */
export function nginxWith(location: string): ConfigText {
  return (port, ui, folder) => `
    daemon off;
    master_process off;
    pid ${folder}/nginx.pid;
    error_log stderr warn;
    events {}
    http {
      access_log off;
      ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((of) => `${of}_temp_path ${folder}/${of};`).join("\n")}
      server {
        listen 127.0.0.1:${port};
        ${location.replace("UI", ui)}
      }
    }`;
}

/** A Caddy with one site. */
export function caddyWith(site: string): ConfigText {
  return (port, ui) => `
    {
      admin off
      auto_https off
    }
    http://:${port} {
      bind 127.0.0.1
      ${site.replace("UI", ui)}
    }`;
}

/** A real nginx or Caddy in front of the UI port at `ui`, `host:port`. */
export class ReverseProxy {
  readonly #folder = mkdtempSync(join(tmpdir(), "spanloom-reverse-proxy-"));
  readonly #program: ServerProgram;

  constructor(path: string, ui: string, config: ConfigText) {
    const { username, password } = CREDENTIALS;
    const file = join(this.#folder, "config");
    writeFileSync(join(this.#folder, "htpasswd"), `${username}:{PLAIN}${password}\n`);
    this.#program = new ServerProgram({
      path,
      args: ([port]) => {
        writeFileSync(file, config(port as number, ui, this.#folder));
        return path === CADDY ? ["run", "--adapter", "caddyfile", "--config", file] : ["-c", file, "-p", this.#folder];
      },
      env: () => ({ XDG_DATA_HOME: this.#folder, XDG_CONFIG_HOME: this.#folder }),
      ready: ([port]) => fetch(`http://127.0.0.1:${port}/`),
    });
  }

  get port(): number {
    return this.#program.port();
  }

  start(): Promise<void> {
    return this.#program.start();
  }

  async remove(): Promise<void> {
    await this.#program.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
