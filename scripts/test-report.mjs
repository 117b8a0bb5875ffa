// A reporter of vitest's for .ci/run. Writes the file that TEST_REPORT names: how many tests passed, failed and
// were skipped, then a line for each suite that was skipped, with its reason.
import { writeFileSync } from "node:fs";

export default class TestReport {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const skips = new Map();
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state, note } = test.result();
        counts[state === "pending" ? "skipped" : state]++;
        if (state === "skipped" || state === "pending") {
          const { title, reason } = parted(suiteOf(test), note, test.fullName);
          const line = `${module.relativeModuleId}: ${title}: ${reason}`;
          skips.set(line, (skips.get(line) ?? 0) + 1);
        }
      }
      // A file that could not be loaded, or a hook that failed.
      if (module.state() === "failed" && !tests.some((test) => test.result().state === "failed")) counts.failed++;
    }
    const lines = [...skips].map(([line, count]) => `${line} (${count} ${count === 1 ? "test" : "tests"})`);
    const text = [`${counts.passed} ${counts.failed} ${counts.skipped}`, ...lines].join("\n");
    writeFileSync(process.env.TEST_REPORT, `${text}\n`);
  }
}

/** A title without the reason that it may hold, as those of test/support/requires.ts do, and the reason. */
function parted(name, note, fullName) {
  const [whole, reason] = / \[skipped: (.+?)\]/.exec(fullName) ?? ["", undefined];
  return { title: name.replace(whole, ""), reason: note ?? reason ?? "no reason given" };
}

/** The whole suite where all of it was skipped, else the test. */
function suiteOf(test) {
  let named = test;
  for (let suite = test.parent; suite.type === "suite" && isSkipped(suite); suite = suite.parent) named = suite;
  return named.fullName;
}

function isSkipped(suite) {
  return [...suite.children.allTests()].every((test) => ["skipped", "pending"].includes(test.result().state));
}
