import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Other people's programs, fetched once through their own package managers into an ignored folder. */
export const CACHE = resolve(dirname(fileURLToPath(import.meta.url)), "../../.tmp/interop");

const ZIPKIN = "3.5.1";
const TELEMETRYGEN = "v0.161.0";
const GRPCURL = "v1.9.3";
const PYTHON_SDK = "1.45.1";

const JAVA_AGENT = "2.21.0";
const GO_SDK = "v1.47.0";

const CONSUL = "2.0.1";

const FETCH_MS = 600_000;

/** Path of Zipkin's executable jar; undefined without Java or Maven. */
export function zipkinJar(): string | undefined {
  if (!has("java", "-version") || !has("mvn", "--version")) return undefined;
  const jar = join(CACHE, `zipkin-server-${ZIPKIN}-exec.jar`);
  return fetched(jar, "mvn", [
    "-q",
    "-B",
    "dependency:copy",
    `-Dartifact=io.zipkin:zipkin-server:${ZIPKIN}:jar:exec`,
    `-DoutputDirectory=${CACHE}`,
  ]);
}

/** Folder of Zipkin's UI as its server has it; undefined without Java's tools or Maven. */
export function zipkinLens(): string | undefined {
  const server = zipkinJar();
  if (server === undefined || !has("jar", "--version")) return undefined;
  const folder = join(CACHE, `zipkin-lens-${ZIPKIN}`);
  const inner = `BOOT-INF/lib/zipkin-lens-${ZIPKIN}.jar`;
  mkdirSync(folder, { recursive: true });
  const ready =
    existsSync(join(folder, "zipkin-lens/index.html")) ||
    (run("jar", ["xf", server, inner], {}, folder) && run("jar", ["xf", inner], {}, folder));
  return ready ? join(folder, "zipkin-lens") : undefined;
}

/** Path of telemetrygen; undefined without Go. */
export function telemetrygen(): string | undefined {
  if (!has("go", "version")) return undefined;
  const module = `github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@${TELEMETRYGEN}`;
  return fetched(join(CACHE, "bin/telemetrygen"), "go", ["install", module], { GOBIN: join(CACHE, "bin") });
}

/** Path of grpcurl; undefined without Go. */
export function grpcurl(): string | undefined {
  if (!has("go", "version")) return undefined;
  const module = `github.com/fullstorydev/grpcurl/cmd/grpcurl@${GRPCURL}`;
  return fetched(join(CACHE, "bin/grpcurl"), "go", ["install", module], { GOBIN: join(CACHE, "bin") });
}

/** Path of OpenTelemetry's Java agent; undefined without Java or Maven. */
export function javaAgent(): string | undefined {
  if (!has("java", "-version") || !has("mvn", "--version")) return undefined;
  return fetched(join(CACHE, `opentelemetry-javaagent-${JAVA_AGENT}.jar`), "mvn", [
    "-q",
    "-B",
    "dependency:copy",
    `-Dartifact=io.opentelemetry.javaagent:opentelemetry-javaagent:${JAVA_AGENT}`,
    `-DoutputDirectory=${CACHE}`,
  ]);
}

/** Path of `source`, a program of one file, built with OpenTelemetry's Go SDK; undefined without Go. */
export function goProgram(source: string): string | undefined {
  if (!has("go", "version")) return undefined;
  const folder = join(CACHE, "go-program");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "main.go"), source);
  const go = (...args: readonly string[]) => run("go", args, {}, folder);
  const modules = ["otel", "otel/sdk", "otel/exporters/otlp/otlptrace/otlptracehttp"];
  const ready =
    (existsSync(join(folder, "go.mod")) || go("mod", "init", "shop")) &&
    go("get", ...modules.map((module) => `go.opentelemetry.io/${module}@${GO_SDK}`)) &&
    go("build", "-o", "program");
  return ready ? join(folder, "program") : undefined;
}

/** Python interpreter that has the official SDK and both OTLP exporters; undefined without Python. */
export function pythonWithSdk(): string | undefined {
  if (!has("python3", "--version")) return undefined;
  const environment = join(CACHE, "py");
  const done = join(environment, "lib/.otlp-installed");
  if (!existsSync(done)) {
    const made = fetched(join(environment, "bin/python"), "python3", ["-m", "venv", environment]);
    if (made === undefined) return undefined;
    const packages = [`opentelemetry-sdk==${PYTHON_SDK}`, `opentelemetry-exporter-otlp==${PYTHON_SDK}`];
    if (!run(join(environment, "bin/pip"), ["install", "-q", ...packages])) return undefined;
    run("touch", [done]);
  }
  return join(environment, "bin/python");
}

/** The entry of the npm package `consul`; undefined where it cannot be had. */
export function consulPackage(): string | undefined {
  const folder = join(CACHE, "npm");
  const entry = join(folder, "node_modules/consul/lib/index.js");
  mkdirSync(folder, { recursive: true });
  return fetched(entry, "npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", `consul@${CONSUL}`]);
}

/** A folder whose `node_modules` has the packages, `name@version`; undefined where npm cannot fetch them. */
export function nodePackages(name: string, packages: readonly string[]): string | undefined {
  const folder = join(CACHE, name);
  const done = join(folder, `.installed-${packages.join(",").replace(/[^\w.,@-]/g, "_")}`.slice(0, 200));
  if (existsSync(done)) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private":true}');
  if (!run("npm", ["install", "--silent", "--no-audit", "--no-fund", ...packages], {}, folder)) return undefined;
  writeFileSync(done, "");
  return folder;
}

/** Python interpreter that has the packages, `name==version`; undefined without Python. */
export function pythonPackages(name: string, packages: readonly string[]): string | undefined {
  if (!has("python3", "--version")) return undefined;
  const environment = join(CACHE, name);
  const done = join(environment, "lib/.installed");
  if (!existsSync(done)) {
    const made = fetched(join(environment, "bin/python"), "python3", ["-m", "venv", environment]);
    if (made === undefined || !run(join(environment, "bin/pip"), ["install", "-q", ...packages])) return undefined;
    writeFileSync(done, "");
  }
  return join(environment, "bin/python");
}

function fetched(
  file: string,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): string | undefined {
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  return run(command, args, environment) && existsSync(file) ? file : undefined;
}

export function has(command: string, versionFlag: string): boolean {
  try {
    execFileSync(command, [versionFlag], { stdio: "ignore", timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

export function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  folder?: string,
): boolean {
  try {
    execFileSync(command, [...args], {
      stdio: ["ignore", "ignore", "inherit"],
      timeout: FETCH_MS,
      env: { ...process.env, ...environment },
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    return true;
  } catch {
    return false;
  }
}
