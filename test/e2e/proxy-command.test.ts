import { spawn, spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { createTestCollector } from "../../src/testing/testing.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type Echoed, echoHeaders, startUpstream, values } from "../support/proxy/rig.ts";

const MAIN = join(resolve(dirname(fileURLToPath(import.meta.url)), "../.."), "dist/cli/main.js");

it("`spanloom proxy` sends its spans to a collector, and finds services in its registry", async () => {
  const registry = `127.0.0.1:${await freePort()}`;
  const server = { enabled: true, endpoint: registry };
  await using collector = await createTestCollector({ config: { discovery: { server } } });
  const upstream = await startUpstream(echoHeaders);
  const registered = await fetch(`http://${registry}/v1/agent/service/register`, {
    method: "PUT",
    body: JSON.stringify({ ID: "stock-1", Name: "stock", Address: "127.0.0.1", Port: upstream.port, Tags: ["v2"] }),
  });
  expect(registered.status).toBe(200);
  const args = ["proxy", "--listen", "127.0.0.1:0", "--otlp", collector.url, "--propagation", "b3,jaeger"];
  const routes = ["--route", `/shop=${upstream.url}#shop`, "--route", "/stock=discover://stock?tag=v2"];
  const local = ["--set", `discovery.server.endpoint=${registry}`];
  const child = spawn(process.execPath, [MAIN, ...args, ...routes, ...local], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise((done) => child.once("exit", done));
  onTestFinished(() => void child.kill("SIGKILL"));
  let banner = "";
  child.stdout.on("data", (chunk: Buffer) => {
    banner += chunk.toString();
  });
  const url = await eventually("the banner", () => /listens on\s+(\S+)/.exec(banner)?.[1] ?? false);
  const echoed = (await (await fetch(`${url}/shop/1`)).json()) as Echoed;
  expect([values(echoed, "x-b3-traceid").length, values(echoed, "uber-trace-id").length]).toEqual([1, 1]);
  expect(((await (await fetch(`${url}/stock/1`)).json()) as Echoed).url).toBe("/stock/1");
  child.kill("SIGTERM");
  expect(await gone).toBe(0);
  for (const service of ["shop", "stock"]) {
    const trace = await collector.waitForTrace(`{ resource.service.name = "${service}" }`);
    expect(trace.spans.map(({ name, kind }) => [name, kind])).toEqual([
      [`GET /${service}`, "server"],
      [`GET /${service}`, "client"],
    ]);
  }
  expect(await collector.traces()).toHaveLength(2);
});

it.each([
  [["proxy"], /no routes: give --route or a config file with proxy\.routes/],
  [["proxy", "--route", "localhost:80"], /expected \[\/prefix=\]upstream\[#service\]/],
  [["proxy", "--route", "http://u:p@x"], /no user, query or fragment/],
  [["proxy", "--route", "http://x", "--propagation", "w4c"], /proxy\.propagation/],
])("%j is refused with exit code 2", (args, message) => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", timeout: 20_000 });
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
});
