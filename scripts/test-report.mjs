// A reporter of vitest's for .ci/run. Writes the file that TEST_REPORT names: how many tests passed, failed and
// were skipped, then a line for each test that failed or passed only when it was tried again, and for each suite that
// was skipped, with its reason: at the end of a long output, where they are looked for first. Failed are "failed
// FILE: …", which may be tried again, or "failed for good: …".
import { writeFileSync } from "node:fs";
import { relative } from "node:path";

export default class TestReport {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const skips = new Map();
    const troubles = unhandledErrors.map(strayLine);
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state, note, errors } = test.result();
        counts[state === "pending" ? "skipped" : state]++;
        if (state === "failed")
          troubles.push(failedLine(module.relativeModuleId, named(module, test.fullName), errors));
        else if (test.diagnostic()?.flaky) {
          troubles.push(`passed when tried again: ${module.relativeModuleId}: ${test.fullName}`);
        }
        if (state === "skipped" || state === "pending") {
          const { title, reason } = parted(suiteOf(test), note, test.fullName);
          const line = `${module.relativeModuleId}: ${title}: ${reason}`;
          skips.set(line, (skips.get(line) ?? 0) + 1);
        }
      }
      // A file that could not be loaded, or a hook that failed.
      if (module.state() === "failed" && !tests.some((test) => test.result().state === "failed")) {
        counts.failed++;
        troubles.push(failedLine(module.relativeModuleId, named(module, "the file or a hook"), module.errors()));
      }
    }
    const skipped = [...skips].map(([line, count]) => `skipped: ${line} (${count} ${count === 1 ? "test" : "tests"})`);
    const text = [`${counts.passed} ${counts.failed} ${counts.skipped}`, ...troubles, ...skipped].join("\n");
    writeFileSync(process.env.TEST_REPORT, `${text}\n`);
  }
}

/** Says of what runs under another clock that it does: the date may be why it failed. */
function named(module, name) {
  return module.project.name === "a later clock" ? `${name} (under a later clock)` : name;
}

function failedLine(file, name, errors = []) {
  const messages = errors.map((error) => error.message ?? "");
  // What a random choice has brought to light is true of that choice, whatever another one shows.
  const random = messages.some((message) => message.includes("SPANLOOM_TEST_SEED="));
  const repeat = random ? ` (${/SPANLOOM_TEST_SEED=\S+/.exec(messages.join("\n"))[0]})` : "";
  return `${random ? "failed for good:" : "failed"} ${file}: ${name}: ${firstLine(messages[0])}${repeat}`;
}

/** Thrown outside every test, in the process of a file. */
function strayLine(error) {
  const file = error.VITEST_TEST_PATH;
  if (file === undefined) return `failed for good: outside every test: ${firstLine(error.message)}`;
  return failedLine(relative(process.cwd(), file), "outside every test", [error]);
}

function firstLine(message = "no message") {
  return message.split("\n", 1)[0].slice(0, 300);
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
