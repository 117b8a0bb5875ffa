// What services do with the npm package `consul`: its entry is the first argument, `host:port` of the registry the
// second. A line of JSON for each step.
import { once } from "node:events";
import { createRequire } from "node:module";

const [entry, address] = process.argv.slice(2);
const Consul = createRequire(import.meta.url)(entry);
const [host, port] = address.split(":");
const consul = new Consul({ host, port });

const say = (step, value) => console.log(step, JSON.stringify(value));
const found = (entries) => entries.map(({ Service }) => `${Service.ID} ${Service.Address}:${Service.Port}`);
const failure = (promise) => promise.then(() => "", String);

await consul.agent.service.register({
  id: "web-2",
  name: "web",
  address: "127.0.0.1",
  port: 8081,
  tags: ["us"],
  check: { ttl: "30s" },
});
say("registered", {
  passing: found(await consul.health.service({ service: "web", passing: true })),
  all: found(await consul.health.service("web")),
});

// Asks with blocking queries, and tells of every change.
const watch = consul.watch({ method: consul.health.service, options: { service: "web", passing: true } });
const [first] = await once(watch, "change");
const changed = once(watch, "change");
await consul.agent.check.pass({ id: "service:web-2", note: "all is well" });
const [second] = await changed;
watch.end();
say("watched", [found(first), found(second)]);

say("checks", (await consul.agent.check.list())["service:web-2"].Status);
say("services", (await consul.catalog.service.list()).web);
say("instances", (await consul.catalog.service.nodes("web"))[0].ServiceID);
say("datacenter", await failure(consul.health.service({ service: "web", dc: "elsewhere" })));
say("unknown", await failure(consul.agent.check.pass("no-such-check")));
await consul.agent.service.deregister("web-2");
say("deregistered", found(await consul.health.service("web")));
