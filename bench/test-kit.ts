// How long a collector inside a test takes to be there: the first in a process with its import, and further ones, from
// the ESM and the CommonJS build; and what is left of them. Each round is a process of its own.
//   npm run bench -- test-kit [--rounds 10] [--dist dist] [--json]
import { execFileSync } from "node:child_process";
import { loadavg } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { quantile } from "./lib/load.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    dist: { type: "string", default: "dist" },
    json: { type: "boolean", default: false },
  },
});

/** Goals, ms. */
const FIRST_MS = 300;
const LATER_MS = 50;
const LATER = 5;

interface Round {
  /** From before the import until it answers, ms. */
  readonly first: number;
  /** Of these the processor was busy with it, ms. */
  readonly firstCpu: number;
  readonly later: readonly number[];
  readonly left: readonly string[];
}

/** What a test file does, from its first line on. */
const BODY = `
  const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
  const before = [performance.now(), cpu()];
  const { createTestCollector } = LOADED;
  const first = await createTestCollector();
  const firstMs = performance.now() - before[0];
  const firstCpu = cpu() - before[1];
  const later = [];
  const open = [first];
  for (let i = 0; i < ${LATER}; i++) {
    const began = performance.now();
    open.push(await createTestCollector());
    later.push(performance.now() - began);
  }
  await Promise.all(open.map((one) => one.close()));
  const left = process.getActiveResourcesInfo().filter((name) => !/^(TTYWrap|PipeWrap|Immediate)/.test(name));
  console.log(JSON.stringify({ first: firstMs, firstCpu, later, left }));
`;

function round(build: "esm" | "cjs"): Round {
  const kit = resolve(values.dist, "testing", build === "esm" ? "testing.js" : "testing.cjs");
  const load = build === "esm" ? `await import(${JSON.stringify(kit)})` : `require(${JSON.stringify(kit)})`;
  const body = BODY.replace("LOADED", load);
  const args =
    build === "esm"
      ? ["--input-type=module", "-e", body]
      : ["--input-type=commonjs", "-e", `(async () => {${body}})();`];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Round;
}

const ms = (value: number) => Math.round(value * 10) / 10;
const middle = (list: readonly number[]) =>
  ms(
    quantile(
      list.toSorted((a, b) => a - b),
      0.5,
    ),
  );

const results = (["esm", "cjs"] as const).map((build) => {
  const rounds = Array.from({ length: Number(values.rounds) }, () => round(build));
  return {
    build,
    firstMs: middle(rounds.map(({ first }) => first)),
    firstCpuMs: middle(rounds.map(({ firstCpu }) => firstCpu)),
    laterMs: middle(rounds.flatMap(({ later }) => later)),
    left: [...new Set(rounds.flatMap(({ left }) => left))],
  };
});
if (values.json) console.log(JSON.stringify({ loadavg: loadavg()[0], results }));
else {
  console.log(`load average ${loadavg()[0]?.toFixed(1)}; goals: first ${FIRST_MS} ms, later ${LATER_MS} ms`);
  for (const { build, firstMs, firstCpuMs, laterMs, left } of results) {
    console.log(
      `${build}: first ${firstMs} ms with its import (${firstCpuMs} ms of processor), later ${laterMs} ms, left ${left.length === 0 ? "nothing" : left.join(", ")}`,
    );
  }
}
