import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import express from "express";
import { afterAll, beforeAll, expect, it } from "vitest";
import { discoveryConfig } from "../../src/discovery/config.ts";
import { Discovery } from "../../src/discovery/discovery.ts";
import { memoryRegistryStore } from "../../src/discovery/registry/memory-store.ts";
import { createRegistryRoutes } from "../../src/discovery/server/registry-routes.ts";
import { eventually } from "../support/eventually.ts";
import { testHost } from "../support/host.ts";
import { describeWhere } from "../support/requires.ts";
import { installed } from "./processes.ts";

const run = promisify(execFile);
const PYTHON = installed("python3");

/** The calls that a Consul client in Python makes with nothing but the standard library. */
const CLIENT = `
import json, sys, urllib.request

def call(method, url, payload=None):
    data = None if payload is None else json.dumps(payload).encode("utf-8")
    request = urllib.request.Request(url, data=data, method=method,
                                     headers={"Content-Type": "application/json"} if data else {})
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status, response.read().decode("utf-8")

base, action, args = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
if action == "register":
    status, _ = call("PUT", base + "/v1/agent/service/register", {
        "ID": args["id"], "Name": args["name"], "Address": args["host"], "Port": args["port"],
        "Tags": args["tags"], "Meta": args["meta"],
        "Check": {"HTTP": "http://%s:%d/health" % (args["host"], args["port"]), "Interval": "30s"},
    })
    print(json.dumps(status == 200))
elif action == "deregister":
    status, _ = call("PUT", base + "/v1/agent/service/deregister/" + args["id"])
    print(json.dumps(status == 200))
elif action == "discover":
    url = base + "/v1/health/service/" + args["name"] + "?passing=true"
    for tag in args["tags"]:
        url += "&tag=" + tag
    _, body = call("GET", url)
    print(json.dumps([{
        "id": entry["Service"]["ID"], "name": entry["Service"]["Service"],
        "host": entry["Service"]["Address"], "port": entry["Service"]["Port"],
        "tags": entry["Service"].get("Tags", []), "meta": entry["Service"].get("Meta", {}),
    } for entry in json.loads(body)]))
elif action == "local":
    # A local registry's methods one for one: register, heartbeat, discover, deregister.
    api = base + "/api/registry"
    instance = "/instances/" + args["id"]
    registered, _ = call("PUT", api + instance, {
        "name": args["name"], "host": args["host"], "port": args["port"], "tags": args["tags"],
        "metadata": args["meta"], "ttlMs": 60000})
    beaten, _ = call("PUT", api + instance + "/heartbeat")
    _, found = call("GET", api + "/services/" + args["name"] + "?" + "&".join("tag=" + t for t in args["tags"]))
    removed, _ = call("DELETE", api + instance)
    _, after = call("GET", api + "/services/" + args["name"])
    print(json.dumps({"registered": registered, "beaten": beaten, "removed": removed,
                      "found": len(json.loads(found)["instances"]), "after": len(json.loads(after)["instances"])}))
`;

describeWhere(PYTHON !== undefined, "python3 is missing", "a Python client of the registry", () => {
  let discovery: Discovery;
  let service: Server;
  let api: Server;
  let healthy = true;

  const python = async (base: string, action: string, args: object): Promise<unknown> => {
    const { stdout } = await run(PYTHON as string, ["-c", CLIENT, base, action, JSON.stringify(args)]);
    return JSON.parse(stdout);
  };
  const port = (server: Server): number => (server.address() as AddressInfo).port;

  beforeAll(async () => {
    discovery = new Discovery(discoveryConfig.parse({ server: { endpoint: "127.0.0.1:0" } }), {
      store: memoryRegistryStore(),
    });
    await discovery.start(testHost());
    service = createServer((_request, response) => response.writeHead(healthy ? 200 : 500).end());
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const { logger } = testHost();
    const closing = new AbortController().signal;
    const open = { tokens: [], anyCheckTarget: false };
    api = createServer(express().use(createRegistryRoutes({ ...open, local: discovery.local, logger, closing })));
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    api.close().closeAllConnections();
    service.close().closeAllConnections();
    await discovery.shutdown(AbortSignal.timeout(2_000));
  });

  it("registers with an HTTP check, is found by all its tags, and deregisters, as with Consul", async () => {
    const base = `http://${discovery.address}`;
    const args = {
      id: "user-api-1",
      name: "user_api",
      host: "127.0.0.1",
      port: port(service),
      tags: ["production", "v2", "us_east"],
      meta: { version: "2.1" },
    };
    expect(await python(base, "register", args)).toBe(true);
    await eventually(async () => {
      expect(await python(base, "discover", { name: "user_api", tags: ["production", "v2"] })).toEqual([args]);
    });
    expect(await python(base, "discover", { name: "user_api", tags: ["production", "v3"] })).toEqual([]);
    expect(await python(base, "deregister", { id: "user-api-1" })).toBe(true);
    expect(await python(base, "discover", { name: "user_api", tags: [] })).toEqual([]);
  });

  it("does not find a service whose health endpoint fails", async () => {
    healthy = false;
    const base = `http://${discovery.address}`;
    const args = { id: "sick", name: "sick", host: "127.0.0.1", port: port(service), tags: [], meta: {} };
    expect(await python(base, "register", args)).toBe(true);
    await eventually(() => expect(discovery.local.record("sick")?.instance.health).toBe("unhealthy"));
    expect(await python(base, "discover", { name: "sick", tags: [] })).toEqual([]);
  });

  it("registers, beats, finds and deregisters over the JSON API, as with the local registry", async () => {
    const args = { id: "l1", name: "local_api", host: "127.0.0.1", port: 8080, tags: ["dev", "eu"], meta: { a: "1" } };
    expect(await python(`http://127.0.0.1:${port(api)}`, "local", args)).toEqual({
      registered: 200,
      beaten: 204,
      removed: 204,
      found: 1,
      after: 0,
    });
  });
});
