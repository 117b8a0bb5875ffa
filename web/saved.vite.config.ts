import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { licencePlugins } from "../scripts/licences.mjs";

let licencesText = "";
const licences = licencePlugins((_context, _files, text) => {
  licencesText = text;
});
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The page of a saved trace, dist/saved/page.html: all of it in one file, with a script of the classic kind, because
 * browsers load no modules from file://. The collector puts a trace in (src/query/saved).
 */
export default defineConfig({
  root: here("."),
  publicDir: false,
  plugins: [react(), licences.pages, onePage()],
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: here("../dist/saved"),
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      input: here("src/saved/main.tsx"),
      output: { format: "iife", codeSplitting: false, entryFileNames: "page.js", assetFileNames: "page[extname]" },
    },
  },
});

/** As the text of an element. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** Puts script, style and licences into the page, under a policy that lets these two run and nothing be fetched. */
function onePage(): Plugin {
  return {
    name: "one-page",
    enforce: "post",
    generateBundle(_options, files) {
      let script = "";
      let style = "";
      for (const [name, file] of Object.entries(files)) {
        if (file.type === "chunk") script += file.code;
        else if (name.endsWith(".css")) style += file.source;
        delete files[name];
      }
      // What would end the element, or hide its end, stands in strings alone.
      script = script.replaceAll(/<(?=\/script|script|!--)/gi, "\\x3C");
      if (/<\/style/i.test(style)) this.error("a style sheet holds </style");
      const source = readFileSync(here("saved.html"), "utf8")
        .replace("<!--policy-->", () => policyOf(script, style))
        .replace("<!--style-->", () => style)
        .replace("<!--licences-->", () => escaped(licencesText))
        .replace("<!--script-->", () => script);
      this.emitFile({ type: "asset", fileName: "page.html", source });
    },
  };
}

function policyOf(script: string, style: string): string {
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}
