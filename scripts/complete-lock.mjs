// After a change of dependencies: adds to package-lock.json the optional packages of other platforms that npm left out
// because the registry in use does not carry them. Without them `npm ci` refuses the lock file everywhere.
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("../package-lock.json", import.meta.url);
const CPUS = ["arm64", "x64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64", "wasm32"];
const SYSTEMS = ["android", "darwin", "freebsd", "openharmony", "win32", "linux", "aix", "sunos", "netbsd", "openbsd"];

const lock = JSON.parse(readFileSync(FILE, "utf8"));
const packages = lock.packages;
let added = 0;
for (const [path, owner] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    if (isLocked(path, name)) continue;
    if (!/^\d+\.\d+\.\d+/.test(version)) {
      process.stderr.write(`${path}: optional ${name}@${version} has no exact version; lock it by hand\n`);
      process.exitCode = 1;
      continue;
    }
    packages[`node_modules/${name}`] = platformEntry(name, version, owner);
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} optional packages added\n`);

/** As Node resolves: beside the owner, then in each folder above. */
function isLocked(path, name) {
  for (let base = path; ; ) {
    if (packages[`${base === "" ? "" : `${base}/`}node_modules/${name}`] !== undefined) return true;
    if (base === "") return false;
    const at = base.lastIndexOf("/node_modules/");
    base = at < 0 ? "" : base.slice(0, at);
  }
}

function platformEntry(name, version, owner) {
  const parts = name.split("/").pop().split("-");
  const cpu = CPUS.find((one) => parts.includes(one));
  const os = SYSTEMS.find((one) => parts.includes(one));
  const libc = parts.some((part) => part.startsWith("musl")) ? "musl" : os === "linux" ? "glibc" : undefined;
  return {
    version,
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(owner.dev ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    ...(os === undefined ? {} : { os: [os] }),
  };
}
