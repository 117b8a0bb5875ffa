import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { discoveryConfig } from "../../src/discovery/config.ts";
import { Discovery } from "../../src/discovery/discovery.ts";
import { memoryRegistryStore } from "../../src/discovery/registry/memory-store.ts";
import { testHost } from "../support/host.ts";
import { itWhere } from "../support/requires.ts";
import { goPeer } from "./go-programs.ts";
import { consulPackage } from "./tools.ts";

const run = promisify(execFile);
const goClient = goPeer("consul");
const npmClient = consulPackage();
const NPM_PROGRAM = new URL("programs/consul-client.mjs", import.meta.url).pathname;
const PROGRAM_MS = 60_000;

describe("the registry's Consul API", () => {
  let discovery: Discovery;
  beforeAll(async () => {
    const config = discoveryConfig.parse({ server: { endpoint: "127.0.0.1:0" } });
    discovery = new Discovery(config, { store: memoryRegistryStore() });
    await discovery.start(testHost());
  });
  afterAll(() => discovery?.shutdown(AbortSignal.timeout(2_000)));

  /** What the program said at each step. */
  async function steps(path: string, args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const env = { ...process.env, CONSUL_HTTP_ADDR: discovery.address };
    const { stdout } = await run(path, [...args], { env, timeout: PROGRAM_MS });
    const lines = stdout.trim().split("\n");
    return Object.fromEntries(
      lines.map((line) => {
        const [, step, value] = /^([a-z ]+) (.*)$/.exec(line) as unknown as [string, string, string];
        return [step, JSON.parse(value)];
      }),
    );
  }

  itWhere(goClient !== undefined, "Go or its Consul client is missing", "serves HashiCorp's Go client", async () => {
    expect(await steps(goClient as string, [])).toEqual({
      registered: { passing: [], all: ["web-1 127.0.0.1:8080"] },
      watched: ["web-1 127.0.0.1:8080"],
      services: { version: "2" },
      check: { status: "passing", output: "all is well" },
      catalog: ["eu"],
      "catalog service": "web-1",
      "health by id": { status: "passing", id: "web-1" },
      critical: [],
      // What is not there is refused, and never answered as if it had not been asked for.
      filter: { found: 0, error: expect.stringMatching(/501 \(the parameter filter is not supported/) },
      datacenter: expect.stringMatching(/400 \(No path to datacenter elsewhere/),
      kv: expect.stringMatching(/501 \(no such endpoint here: GET \/v1\/kv/),
      "unknown check": expect.stringMatching(/404 \(Unknown check ID "no-such-check"/),
      "unknown service": expect.stringMatching(/404 \(Unknown service ID "no-such-service"/),
      deregistered: [],
    });
  });

  itWhere(npmClient !== undefined, "the npm package consul cannot be had", "serves the npm client", async () => {
    expect(await steps(process.execPath, [NPM_PROGRAM, npmClient as string, discovery.address as string])).toEqual({
      registered: { passing: [], all: ["web-2 127.0.0.1:8081"] },
      watched: [[], ["web-2 127.0.0.1:8081"]],
      checks: "passing",
      services: ["us"],
      instances: "web-2",
      datacenter: expect.stringMatching(/No path to datacenter elsewhere|bad request/i),
      unknown: expect.stringMatching(/Unknown check ID|not found/i),
      deregistered: [],
    });
  });
});
