import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packedProject } from "../support/packed-project.ts";

/** What a built module imports: at its top, and when it runs or as CommonJS. */
const IMPORTED = [
  /^(?:import|export)\b[^"'\n;]*"([^"\n]+)"/gm,
  /\b(?:import|__require|createRequire\(import\.meta\.url\))\("([^"\n]+)"\)/g,
];

/** The same of a module that is CommonJS. */
const REQUIRED = [/\brequire\("([^"\n]+)"\)/g, /\bimport\("([^"\n]+)"\)/g];

interface Offered {
  readonly types: string;
  readonly default: string;
}

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** What is to be installed for an import: `@grpc/grpc-js`, and `protobufjs` for `protobufjs/ext/descriptor`. */
function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

describe("the packed package", () => {
  let folder: string;

  beforeAll(() => {
    folder = packedProject();
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("holds what runs, the web UI and no tests or sources", () => {
    const files = readdirSync(join(folder, "app/node_modules/spanloom"), { recursive: true, encoding: "utf8" });
    for (const file of [
      "dist/cli/main.js",
      "dist/app/collector.d.ts",
      "dist/web/index.html",
      "dist/saved/page.html",
      "proto/google/rpc/status.proto",
      "LICENSE",
      "README.md",
    ]) {
      expect(files).toContain(file);
    }
    // The tests of the projects to copy are what there is to copy.
    const own = files.filter((file) => !file.startsWith("examples/"));
    expect(own.filter((file) => /\.test\.|^src\//.test(file))).toEqual([]);
  });

  it("holds the pages, pictures and files that its README leads to", () => {
    const root = join(folder, "app/node_modules/spanloom");
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const named = [...readme.matchAll(/\]\(([^)\s#]+)|(?:src|srcset)="([^"]+)"/g)].map(
      ([, link, image]) => link ?? image,
    );
    const local = named.filter((path) => path !== undefined && !/^[a-z]+:/.test(path)) as string[];
    expect(local.length).toBeGreaterThan(15);
    expect(local.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("holds no JavaScript that nothing loads, and the declarations of all its entries", () => {
    const root = join(folder, "app/node_modules/spanloom");
    const { bin, exports, dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(root, "package.json"), "utf8"),
    ) as {
      bin: Record<string, string>;
      dependencies: object;
      peerDependencies: object;
      exports: Record<string, string | Offered | { import: Offered; require: Offered }>;
    };
    const offered = Object.values(exports).flatMap((entry): Offered[] => {
      if (typeof entry === "string") return [];
      return "import" in entry ? [entry.import, entry.require] : [entry];
    });
    for (const { types } of offered) expect(existsSync(join(root, types)), types).toBe(true);
    // Threads are started by name.
    const threads = [
      ...filesBelow(join(root, "dist/app/store-modules")),
      ...filesBelow(join(root, "dist/storage/threads")),
    ];
    expect(threads.length).toBe(8);
    const loaded = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (loaded.has(file)) return;
      loaded.add(file);
      const text = readFileSync(file, "utf8");
      const patterns = file.endsWith(".cjs") ? REQUIRED : IMPORTED;
      for (const [, target = ""] of patterns.flatMap((pattern) => [...text.matchAll(pattern)])) {
        if (target.startsWith(".")) visit(resolve(dirname(file), target));
        else packages.add(target.startsWith("node:") ? target : packageOf(target));
      }
    };
    for (const entry of [...Object.values(bin), ...offered.map((one) => one.default)]) visit(resolve(root, entry));
    for (const file of threads) visit(file);
    const scripts = filesBelow(join(root, "dist")).filter((file) => !file.startsWith(join(root, "dist/web")));
    expect(scripts.filter((file) => !loaded.has(file))).toEqual([]);
    expect(packages).toContain("express");
    const installed = [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
    expect(
      [...packages].filter((name) => !name.startsWith("node:") && !isBuiltin(name) && !installed.includes(name)),
    ).toEqual([]);
  });

  it("brings the licences of what is bundled", () => {
    const text = readFileSync(join(folder, "app/node_modules/spanloom/dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const name of ["cli-progress", "commander", "yaml", "zod"]) {
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((?:MIT|ISC)\\)$`, "m"));
    }
    expect(text.match(/copyright/gi)?.length).toBeGreaterThanOrEqual(4);
    for (const pages of ["web/THIRD-PARTY-LICENSES.txt", "saved/page.html"]) {
      const file = join(folder, "app/node_modules/spanloom/dist", pages);
      expect(readFileSync(file, "utf8")).toMatch(/^react-dom \d+\.\d+\.\d+ \(MIT\)$/m);
    }
  });

  it("runs as a command in an empty folder and takes a span", async () => {
    const main = join(folder, "app/node_modules/spanloom/dist/cli/main.js");
    const args = ["--otlp-grpc", "--otlp-http", "--ui", "--registry-api"].flatMap((flag) => [flag, "127.0.0.1:0"]);
    const child = spawn(process.execPath, [main, ...args], {
      cwd: join(folder, "app"),
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const banner = await new Promise<string>((done, reject) => {
        let text = "";
        child.stdout.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          if (text.includes("data ")) done(text);
        });
        child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
      });
      const http = /OTLP\/HTTP\s+(\S+)/.exec(banner)?.[1] as string;
      const ui = /web UI and Jaeger API\s+(\S+)/.exec(banner)?.[1] as string;
      const span = {
        traceId: "0af7651916cd43dd8448eb211c80319c",
        spanId: "b7ad6b7169203331",
        name: "packed",
        startTimeUnixNano: `${Date.now()}000000`,
        endTimeUnixNano: `${Date.now()}500000`,
      };
      const body = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
      const sent = await fetch(http, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect(sent.status).toBe(200);
      const found = await fetch(`${ui}api/traces/${span.traceId}`);
      expect(((await found.json()) as { data: { spans: unknown[] }[] }).data[0]?.spans).toHaveLength(1);
      expect(await (await fetch(ui)).text()).toContain("<title>");
      expect(existsSync(join(folder, "app/spanloom-data/segments"))).toBe(true);
    } finally {
      const gone = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      expect(await gone).toBe(0);
    }
  });

  it("starts a collector inside a program, and loads the protobuf library with the first answer that is no plain yes", () => {
    const program = `
      import { createRequire } from "node:module";
      import { createCollector } from "spanloom/collector";
      const { cache } = createRequire(import.meta.url);
      const loaded = () => Object.keys(cache).some((file) => /[/\\\\]protobufjs[/\\\\]/.test(file));
      const collector = await createCollector();
      const send = async (body) => {
        const headers = { "content-type": "application/x-protobuf" };
        const answer = await fetch(collector.endpoints.otlpHttp + "/v1/traces", { method: "POST", headers, body });
        return [answer.status, Buffer.from(await answer.arrayBuffer()).toString("latin1"), loaded()];
      };
      console.log(JSON.stringify([await send(Uint8Array.of()), await send(Uint8Array.of(10, 200))]));
      await collector.shutdown();`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: join(folder, "app"),
      timeout: 30_000,
    });
    const [good, bad] = JSON.parse(output.toString()) as [unknown[], unknown[]];
    expect(good).toEqual([200, "", false]);
    expect(bad).toEqual([400, expect.stringContaining("not readable as OTLP protobuf"), true]);
  });

  it("takes Node's own SQLite where better-sqlite3 has no binary", () => {
    const addOn = join(folder, "app/node_modules/better-sqlite3");
    unlinkSync(addOn);
    cpSync(join(ROOT, "node_modules/better-sqlite3"), addOn, {
      recursive: true,
      filter: (path) => !/[/\\](?:prebuilds|deps|build)$/.test(path),
    });
    const program = `
      import { createCollector } from "spanloom/collector";
      const storage = { kind: "sqlite", path: "./without-add-on" };
      const refused = await createCollector({ storage: { ...storage, driver: "better-sqlite3" } }).catch((error) => error);
      const collector = await createCollector({ storage });
      const answer = await fetch(collector.endpoints.otlpHttp + "/v1/traces", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "1".repeat(32), spanId: "1".repeat(16), name: "kept" }] }] }] }),
      });
      const found = await fetch(collector.endpoints.ui + "api/traces/" + "1".repeat(32));
      console.log(JSON.stringify([refused.message, answer.status, (await found.json()).data.length]));
      await collector.shutdown();`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: join(folder, "app"),
      timeout: 30_000,
    });
    const refused = expect.stringMatching(/^SQLite cannot be loaded: better-sqlite3: /);
    expect(JSON.parse(output.toString())).toEqual([refused, 200, 1]);
  });

  it("says what is missing where it was taken apart", () => {
    const proto = join(folder, "app/node_modules/spanloom/proto");
    renameSync(proto, `${proto}-away`);
    const program = `
      import { createCollector } from "spanloom/collector";
      await createCollector().catch((error) => console.log(error.message));`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: join(folder, "app"),
      timeout: 30_000,
    });
    renameSync(`${proto}-away`, proto);
    expect(output.toString()).toContain(`${join(proto, "google/rpc/status.proto")} is missing`);
  });
});

/** JavaScript below a folder. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .map((name) => join(folder, name));
}
