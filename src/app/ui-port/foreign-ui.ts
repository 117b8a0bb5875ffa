import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { PermanentError } from "../../component/errors.ts";
import { messageOf } from "../../model/message-of.ts";

/** A static build of another project's UI, read at the start. */
export interface ForeignUi {
  /** Absolute path of its folder. */
  readonly root: string;
  readonly index: string;
}

/** What Jaeger UI is told by its page, which Jaeger's own server writes there. */
export interface JaegerUiSettings {
  readonly assetsPath: string;
  /** JSON, or JavaScript that declares `UIConfig`; undefined is the UI's own default. */
  readonly configFile: string | undefined;
  readonly version: string;
}

/** @throws PermanentError `config_invalid` that names the setting where there is no page in the folder */
export function readForeignUi(assetsPath: string, setting: string): ForeignUi {
  const root = resolve(assetsPath);
  return {
    root,
    index: readText(join(root, "index.html"), setting, "a folder with a static build and its index.html"),
  };
}

/**
 * Jaeger UI with its config, what the storage can do and the version in the places that its page has for them.
 * @throws PermanentError `config_invalid` that names the setting
 */
export function readJaegerUi({ assetsPath, configFile, version }: JaegerUiSettings): ForeignUi {
  const { root, index } = readForeignUi(assetsPath, "ui.assets_path");
  const put = (page: string, place: RegExp, text: string) => page.replace(place, () => text);
  let page = put(
    index,
    /JAEGER_STORAGE_CAPABILITIES *= *DEFAULT_STORAGE_CAPABILITIES;/,
    `JAEGER_STORAGE_CAPABILITIES = ${inScript({ archiveStorage: false, metricsStorage: true })};`,
  );
  const shown = { gitCommit: "", gitVersion: `spanloom ${version}`, buildDate: "" };
  page = put(page, /JAEGER_VERSION *= *DEFAULT_VERSION;/, `JAEGER_VERSION = ${inScript(shown)};`);
  if (configFile === undefined) return { root, index: page };
  const text = readText(resolve(configFile), "ui.config_file", "a file of Jaeger UI's config, .json or .js");
  if (extname(configFile).toLowerCase() === ".js") {
    return { root, index: put(page, /^\s*\/\/\s*JAEGER_CONFIG_JS.*\n.*/m, `\n${text.replaceAll("</", "<\\/")}\n`) };
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw invalid(`ui.config_file: ${configFile} is no JSON: ${messageOf(error)}`);
  }
  return { root, index: put(page, /JAEGER_CONFIG *= *DEFAULT_CONFIG;/, `JAEGER_CONFIG = ${inScript(config)};`) };
}

/** The page as it is served below a path, with a slash at its end. One that finds its own base by a script keeps it. */
export function pageAt(index: string, base: string): string {
  return index.replace(/<base href="\/[^"]*"/, () => `<base href="${base}"`);
}

/**
 * What a page of a foreign UI may do: run the scripts that stand in it, and no others that do, and style as it likes.
 * What is from elsewhere stays out, as for our own pages.
 */
export function foreignPolicy(page: string): string {
  const inline = [...page.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/gi)].map(([, text = ""]) => {
    // A browser hashes what it has read, and reads each line break as one character.
    const read = text.replace(/\r\n?/g, "\n");
    return `'sha256-${createHash("sha256").update(read).digest("base64")}'`;
  });
  return [
    "default-src 'self'",
    `script-src ${["'self'", ...inline].join(" ")}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** JSON as it may stand in a script of a page. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

function readText(path: string, setting: string, expected: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw invalid(`${setting}: cannot read ${path}: ${messageOf(error)}; expected ${expected}`);
  }
}

function invalid(message: string): PermanentError {
  return new PermanentError("config_invalid", message);
}
