#!/usr/bin/env node
// CHANGELOG.md of the working directory, from the fragments in its changelog.d.
//
//   node scripts/changelog.mjs                    writes what is not released yet as "Unreleased"
//   node scripts/changelog.mjs --check            only says whether "Unreleased" has what no fragment says
//   node scripts/changelog.mjs --release 0.2.0    makes it a version of today and removes the fragments
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fail } from "./messages.mjs";

const FOLDER = "changelog.d";
const PAGE = "CHANGELOG.md";
const KINDS = ["added", "changed", "fixed"];
const HEAD = `# Changelog

Made by \`npm run changelog\` from the fragments in [changelog.d](changelog.d/README.md); edit those.
`;

const { values } = parseArgs({ options: { check: { type: "boolean" }, release: { type: "string" } } });
const fragments = readFragments();
const before = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : HEAD;
const released = before.split(/^(?=## (?!Unreleased$))/m).slice(1);

if (values.check) check();
else if (values.release === undefined) write(["## Unreleased", ...released]);
else release(values.release);

/** Texts by kind, in the order of the files' names; links lead from the page and no longer from the folder. */
function readFragments() {
  const texts = { added: [], changed: [], fixed: [] };
  for (const name of readdirSync(FOLDER).sort()) {
    if (name === "README.md") continue;
    const [, kind] = /^[a-z0-9-]+\.([a-z]+)\.md$/.exec(name) ?? [];
    if (!KINDS.includes(kind)) fail(`${FOLDER}/${name}: expected <slug>.<${KINDS.join("|")}>.md`);
    const text = readFileSync(join(FOLDER, name), "utf8").trim().replaceAll("](../", "](");
    if (text === "") fail(`${FOLDER}/${name}: is empty`);
    texts[kind].push(`- ${text.replaceAll("\n", "\n  ")}\n`);
  }
  return texts;
}

/** The first of the headings gets the fragments. */
function write([heading, ...rest]) {
  const kinds = KINDS.filter((kind) => fragments[kind].length > 0);
  const parts = kinds.map((kind) => `\n### ${kind[0].toUpperCase()}${kind.slice(1)}\n\n${fragments[kind].join("")}`);
  const page = `${HEAD}\n${heading}\n${parts.join("")}${rest.map((part) => `\n${part.trimEnd()}\n`).join("")}`;
  writeFileSync(PAGE, page);
}

/**
 * A fragment that the page lacks is no fault: changes that meet would otherwise all meet in this one file. What the
 * page says and no fragment does is one.
 */
function check() {
  const [, unreleased = ""] = before.split(/^## Unreleased\n/m);
  const [own] = unreleased.split(/^## /m);
  const known = new Set(Object.values(fragments).flat());
  const strange = (own.match(/^- .*\n(?: {2}.*\n)*/gm) ?? []).filter((entry) => !known.has(entry));
  if (strange.length > 0)
    fail(`${PAGE} is out of date, run \`npm run changelog\`; no fragment says:\n${strange.join("")}`);
}

function release(version) {
  if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)) fail(`--release ${version}: expected a version, 0.2.0`);
  if (released.some((part) => part.startsWith(`## ${version} `))) fail(`${PAGE} has ${version} already`);
  write([`## ${version} (${new Date().toISOString().slice(0, 10)})`, ...released]);
  for (const name of readdirSync(FOLDER)) if (name !== "README.md") rmSync(join(FOLDER, name));
}
