#!/usr/bin/env node
// Only what an old Node can read is loaded before the version is known to do: the rest may not even parse there, and
// the SQLite add-on would crash.
import { whyTooOld } from "../model/text/node-version.ts";
import { EXIT } from "./output/exit-codes.ts";

const reason = whyTooOld(process.versions.node);
if (reason === undefined) {
  import("./run-command.ts").then(({ runCommand }) => runCommand());
} else {
  process.stderr.write(`spanloom: ${reason}\n`);
  process.exitCode = EXIT.usage;
}
