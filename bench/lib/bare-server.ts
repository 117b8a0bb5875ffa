import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

export interface BareServer {
  readonly url: string;
  stop(): void;
}

/**
 * Answers every request with two bytes, from a process of its own: what the machine and Node cost before a program has
 * done anything, to hold other times against.
 */
export async function startBareServer(): Promise<BareServer> {
  const child = fork(fileURLToPath(import.meta.url), ["--bare-server"]);
  process.once("exit", () => child.kill("SIGKILL"));
  const [port] = (await once(child, "message")) as [number];
  return { url: `http://127.0.0.1:${port}/`, stop: () => child.kill() };
}

if (process.argv[2] === "--bare-server") {
  const server = createServer((_, response) => response.end("ok"));
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}
