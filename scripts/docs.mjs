#!/usr/bin/env node
// Writes the generated pages under docs/ from the built collector; with --check, only says which are out of date.
// Everything in them comes from the program itself: the config's schemas, /metrics of running collectors, and --help.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { bundle, ROOT } from "./server-bundle.mjs";

const DIST = join(ROOT, "dist");
const FIXTURE = join(ROOT, "test/fixtures/node-shop.jsonl");
const COMMAND_LINE = join(ROOT, "docs/command-line.md");

if (!existsSync(join(DIST, "cli/main.js"))) fail("dist/ is missing; run `npm run docs`, which builds it");
const { createCollector } = await import(pathToFileURL(join(DIST, "app/collector.js")).href);
const { configJsonSchema, configReference, metricEntries, metricsReference, EXPORTERS } = await unpublished([
  "app/config/config-doc",
  "app/metrics-doc",
  "app/config/builtin",
]);

/** Help texts by command, so that each is asked for once. */
const helps = new Map();
const check = process.argv.includes("--check");
const [metricTexts, commandLinePage] = await Promise.all([expositions(), commandLine()]);
const pages = {
  "docs/configuration.md": configReference(),
  "docs/spanloom.schema.json": `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  "docs/metrics.md": metricsReference(metricEntries(metricTexts)),
  "docs/command-line.md": commandLinePage,
};
const stale = [];
for (const [name, text] of Object.entries(pages)) {
  const path = join(ROOT, name);
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  stale.push(name);
  if (!check) writeFileSync(path, text);
}
if (check && stale.length > 0) fail(`out of date: ${stale.join(", ")}; run \`npm run docs\``);
process.stdout.write(stale.length === 0 ? "every page is current\n" : `wrote ${stale.join(", ")}\n`);

/** `/metrics` of a collector with each kind of store, after traffic of every kind that makes a series. */
async function expositions() {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-docs-"));
  const destination = await createCollector();
  const sink = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(202).end());
  });
  await new Promise((done) => sink.listen(0, "127.0.0.1", done));
  const sinkUrl = `http://127.0.0.1:${sink.address().port}`;
  const texts = [];
  try {
    for (const kind of ["memory", "sqlite"]) {
      const collector = await createCollector({
        storage: { kind, path: join(folder, "data") },
        sampling: { rules: [{ name: "fewer reads", operation: "GET*", ratio: 0.5 }] },
        processors: {
          redaction: { rules: [{ keys: ["enduser.id"], action: "mask" }] },
          semconv: { rewrite: "latest" },
          groupbyattrs: { keys: ["service.peer.name"] },
          resource: { attributes: [{ key: "zone", value: "docs", action: "insert" }] },
        },
        telemetry: { traces: { enabled: true }, logs: { level: "error" } },
        proxy: { routes: [{ prefix: "/docs", upstream: sinkUrl, service: "docs" }] },
        exporters: exporterConfigs(folder, destination.endpoints, sinkUrl),
      });
      try {
        await makeTraffic(collector.endpoints);
        texts.push(await (await fetch(new URL("metrics", collector.endpoints.ui))).text());
      } finally {
        await collector.shutdown();
      }
    }
  } finally {
    sink.closeAllConnections();
    await new Promise((done) => sink.close(done));
    await destination.shutdown();
    rmSync(folder, { recursive: true, force: true });
  }
  return texts;
}

/** One exporter of every type but the console's, whose output would come between this script's. */
function exporterConfigs(folder, endpoints, sinkUrl) {
  const configs = {
    otlp: { endpoint: endpoints.otlpGrpc, signals: ["traces", "logs"] },
    otlp_http: { endpoint: endpoints.otlpHttp },
    otlphttp: { endpoint: endpoints.otlpHttp },
    file: { path: join(folder, "spans.jsonl") },
  };
  const types = Object.keys(EXPORTERS).filter((type) => type !== "console");
  // Port 9 takes no logs.
  const refusing = { "otlp_http/nobody": { endpoint: "http://127.0.0.1:9", signals: ["logs"] } };
  const entries = types.map((type) => [type, configs[type] ?? { endpoint: `${sinkUrl}/api` }]);
  return { ...Object.fromEntries(entries), ...refusing };
}

async function makeTraffic({ otlpHttp, ui, proxy }) {
  const traces = `${otlpHttp}/v1/traces`;
  const post = (body, type = "application/json") =>
    fetch(traces, { method: "POST", headers: { "content-type": type }, body });
  for (const line of readFileSync(FIXTURE, "utf8").trim().split("\n")) {
    const response = await post(line);
    if (!response.ok) throw new Error(`${traces} answered ${response.status}: ${await response.text()}`);
  }
  const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: "x" };
  const batch = (more) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, ...more }] }] }] });
  await post(batch({ traceId: "00000000000000000000000000000000" }));
  await post(batch({ traceId: "8448eb211c80319c" }));
  await post("{");
  await post("x", "text/plain");
  const others = {
    logs: { resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }] },
    metrics: { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ gauge: { dataPoints: [{}] } }] }] }] },
  };
  for (const [signal, body] of Object.entries(others)) {
    const headers = { "content-type": "application/json" };
    await fetch(`${otlpHttp}/v1/${signal}`, { method: "POST", headers, body: JSON.stringify(body) });
  }
  await (await fetch(new URL("api/ui/search", ui))).text();
  for (const path of ["/docs", "/elsewhere"]) await (await fetch(`${proxy}${path}`)).text();
}

/** docs/command-line.md with the help of every command put between its `<!-- help: name -->` marks. */
async function commandLine() {
  const page = readFileSync(COMMAND_LINE, "utf8");
  const wanted = await commandNames([]);
  const present = [...page.matchAll(/^<!-- help: (.*?) -->$/gm)].map(([, name]) => name);
  const lacking = wanted.filter((name) => !present.includes(name));
  const unknown = present.filter((name) => name !== "spanloom" && !wanted.includes(name));
  if (lacking.length > 0) fail(`docs/command-line.md has no <!-- help: … --> mark for: ${lacking.join(", ")}`);
  if (unknown.length > 0) fail(`docs/command-line.md has marks for commands that do not exist: ${unknown.join(", ")}`);
  const blocks = new Map();
  for (const name of present) {
    blocks.set(name, (await help(name === "spanloom" ? [] : name.split(" "))).trimEnd());
  }
  return page.replace(
    /^<!-- help: (.*?) -->\n[\s\S]*?^<!-- end -->$/gm,
    (_, name) => `<!-- help: ${name} -->\n\`\`\`text\n${blocks.get(name)}\n\`\`\`\n<!-- end -->`,
  );
}

/** Every command and subcommand, `config check`, from the lists that --help prints. */
async function commandNames(path) {
  const [, list = ""] = (await help(path)).split(/^Commands:\n/m);
  const names = [...list.split(/^\S/m)[0].matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name);
  const found = names
    .filter((name) => name !== "help")
    .map(async (name) => {
      const below = await commandNames([...path, name]);
      return below.length > 0 ? below : [[...path, name].join(" ")];
    });
  return (await Promise.all(found)).flat();
}

async function help(path) {
  const key = path.join(" ");
  if (!helps.has(key)) {
    const args = [join(DIST, "cli/main.js"), ...path, "--help"];
    helps.set(key, (await promisify(execFile)(process.execPath, args)).stdout);
  }
  return helps.get(key);
}

/** The exports of modules that no user of the package needs: they are built for this run only. */
async function unpublished(sources) {
  mkdirSync(join(ROOT, ".tmp"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".tmp/docs-"));
  try {
    await bundle(sources, folder);
    const modules = sources.map((name) => import(pathToFileURL(join(folder, `${name}.js`)).href));
    return Object.assign({}, ...(await Promise.all(modules)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fail(text) {
  process.stderr.write(`docs: ${text}\n`);
  process.exit(1);
}
