// Makes the pages: dist/web/, the web UI, and dist/saved/page.html, the page of a saved trace. Flags go to Vite.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const VITE = join(ROOT, "node_modules/vite/bin/vite.js");

for (const config of ["web/vite.config.ts", "web/saved.vite.config.ts"]) {
  const args = [VITE, "build", "--config", config, ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
