import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { LICENCES_FILE, licencePlugins } from "../scripts/licences.mjs";

const licences = licencePlugins((context, _files, source) =>
  context.emitFile({ type: "asset", fileName: LICENCES_FILE, source }),
);

/**
 * Relative base: `index.html` carries `<base href="/">`, which a server under a base path replaces, so one build works
 * everywhere. Nothing is inlined, because the page runs under `default-src 'self'`.
 */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  plugins: [react(), licences.pages],
  worker: { format: "es", plugins: licences.workers },
  // The codecs, which files are read with in the browser, ask it what an address is.
  resolve: { alias: { "node:net": fileURLToPath(new URL("src/local/node-net.ts", import.meta.url)) } },
  build: {
    outDir: fileURLToPath(new URL("../dist/web", import.meta.url)),
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: true,
  },
});
