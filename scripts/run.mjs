#!/usr/bin/env node
// The commands of package.json, on a machine that has only Node and npm. Where its Node is too old, a newer one is
// fetched from the npm registry and goes on. Until the version is known to do, nothing here or in what this file loads
// uses anything that Node 14 lacks.
import { delimiter } from "node:path";
import { say } from "./messages.mjs";
import { folderOfNode, isTooOld, NEEDED, REPLACEMENT } from "./node-versions.mjs";
import { become } from "./processes.mjs";

const args = process.argv.slice(2);

if (args[0] === "node") {
  // For .ci/run: the folder of a Node of this major version, to be put into PATH.
  process.stdout.write(`${folderOfNode(args[1]).folder}\n`);
} else if (isTooOld(process.versions.node)) {
  goOnWithNewer();
} else {
  import("./tasks.mjs").then((tasks) => tasks.runTask(args[0], args.slice(1)));
}

function goOnWithNewer() {
  const { version, executable, folder, kept } = folderOfNode(REPLACEMENT);
  const place = `(kept in ${kept})`;
  say(`Node ${process.versions.node} is older than ${NEEDED}: using Node ${version} from the npm registry ${place}`);
  // npm and all that it starts take the node that is first in PATH.
  const env = { ...process.env };
  const name = Object.keys(env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  env[name] = `${folder}${delimiter}${env[name] ?? ""}`;
  become(executable, process.argv.slice(1), env);
}
