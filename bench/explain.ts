// Whether explaining a selection finds what was planted: shops of random services, hosts and attributes in which one
// value of one attribute makes requests slow, or fail, beside ids that differ everywhere and other slow requests.
//   npm run bench -- explain [--sets 100] [--first-seed 1] [--budget-ms 1000] [--json]
import { parseArgs } from "node:util";
import { Random } from "../src/demo/random.ts";
import { anyValueText } from "../src/model/any-value.ts";
import { plantedSet } from "../test/support/selections/planted-sets.ts";
import { weighPlanted } from "../test/support/selections/weigh-planted.ts";

const { values } = parseArgs({
  options: {
    sets: { type: "string", default: "100" },
    "first-seed": { type: "string", default: "1" },
    "budget-ms": { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
  },
});
const first = Number(values["first-seed"]);
const sets = Number(values.sets);
const wrong: string[] = [];
let right = 0;
let slowestMs = 0;
for (let seed = first; seed < first + sets; seed++) {
  const set = plantedSet(new Random(seed * 7_919 + 1));
  const began = performance.now();
  const { ranked, right: isRight, counts } = await weighPlanted(set, Number(values["budget-ms"]));
  slowestMs = Math.max(slowestMs, performance.now() - began);
  if (isRight) right++;
  else {
    const [top] = ranked;
    const found =
      top === undefined ? "nothing" : `${top.key}=${top.value === undefined ? "…" : anyValueText(top.value)}`;
    const { selected, rest } = counts;
    wrong.push(
      `seed ${seed}: planted ${set.cause.key}=${set.cause.value}, found ${found}; ${selected.found} of ${selected.found + rest.found}`,
    );
  }
}
const share = right / sets;
if (values.json) process.stdout.write(`${JSON.stringify({ sets, right, share, slowestMs, wrong })}\n`);
else {
  for (const line of wrong) process.stdout.write(`${line}\n`);
  process.stdout.write(
    `${right} of ${sets} planted causes ranked first (goal: 95 %); slowest set ${Math.round(slowestMs)} ms with storing it\n`,
  );
}
if (share < 0.95) process.exitCode = 1;
