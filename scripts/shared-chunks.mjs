// Which modules share a file. Left to itself a bundler makes one for each set of entries that need the same modules:
// sixty small files for `serve` alone, and finding a file takes longer than reading one.
import { join } from "node:path";

/**
 * Puts what several programs need at their start into a few chunks: `check` for what the command needs to find out
 * whether this Node will do, `command` for the rest of the command and whoever else needs these modules, `common` for
 * the collector and its threads, `serve` for the collector, `threads` for two threads or more, `thread-1` and on for
 * what one of them needs alone. What is imported by `import()` goes into chunks of its own.
 *
 * @param programs entries by program, names below src/ without their ending
 * @returns a plugin that learns the modules, and the groups that name their chunks
 */
export function sharedChunks(root, { check, command, collector, threads }) {
  const names = new Map();
  const files = (entries) => entries.map((name) => join(root, "src", `${name}.ts`));
  return {
    plugin: {
      name: "shared-chunks",
      buildEnd() {
        const loaded = (entries) => staticImports(this, files(entries));
        const [ofCheck, ofCommand, ofCollector] = [loaded(check), loaded(command), loaded(collector)];
        const ofThreads = threads.map(loaded);
        for (const id of this.getModuleIds()) {
          const users = ofThreads.filter((ids) => ids.has(id)).length;
          if (ofCheck.has(id)) names.set(id, "check");
          else if (ofCommand.has(id)) names.set(id, "command");
          else if (ofCollector.has(id)) names.set(id, users > 0 ? "common" : "serve");
          else if (users > 1) names.set(id, "threads");
          else if (users === 1) names.set(id, `thread-${ofThreads.findIndex((ids) => ids.has(id)) + 1}`);
        }
        // Each is a file by itself, that the package names or a thread begins with.
        for (const id of files([...check, ...threads.flat()])) names.delete(id);
      },
    },
    groups: [
      // Before the others, which would take what their modules import.
      { name: (id) => (names.get(id) === "check" ? "check" : null), priority: 2, debugName: "check" },
      { name: (id) => (isShared(names.get(id)) ? names.get(id) : null), priority: 1, debugName: "shared" },
      { name: (id) => names.get(id) ?? null, debugName: "own" },
    ],
  };
}

function isShared(name) {
  return name !== undefined && !name.startsWith("thread-");
}

function staticImports(graph, entries) {
  const ids = new Set();
  const visit = (id) => {
    const info = ids.has(id) ? null : graph.getModuleInfo(id);
    if (info === null) return;
    ids.add(id);
    for (const imported of info.importedIds) visit(imported);
  };
  for (const entry of entries) visit(entry);
  return ids;
}
