import fc from "fast-check";

/** On a machine that others keep busy a property sees fewer cases, instead of running out of its test's time. */
const LONGEST_MS = 25_000;

// Once a process: files that share one would each add it.
if (process.env.SPANLOOM_LONG_TESTS !== "1") fc.installGlobalPlugin(fc.interruptAfterTimeLimit(LONGEST_MS));
