// Which modules share a file. Left to itself a bundler makes one for each set of entries that need the same modules:
// sixty small files for `serve` alone, and finding a file takes longer than reading one.
import { join } from "node:path";

/**
 * Puts what several programs need at their start into a few chunks: `command` for the command and whoever else needs
 * these modules, `common` for the collector and its threads, `serve` for the collector, `threads` for two threads or
 * more. What is imported by `import()`, and what one thread needs alone, goes into chunks of its own.
 *
 * @param programs entries by program, names below src/ without their ending
 * @returns a plugin that learns the modules, and the group that names their chunks
 */
export function sharedChunks(root, { command, collector, threads }) {
  const names = new Map();
  const files = (entries) => entries.map((name) => join(root, "src", `${name}.ts`));
  return {
    plugin: {
      name: "shared-chunks",
      buildEnd() {
        const loaded = (entries) => staticImports(this, files(entries));
        const [ofCommand, ofCollector] = [loaded(command), loaded(collector)];
        const ofThreads = threads.map(loaded);
        for (const id of this.getModuleIds()) {
          const users = ofThreads.filter((ids) => ids.has(id)).length;
          if (ofCommand.has(id)) names.set(id, "command");
          else if (ofCollector.has(id)) names.set(id, users > 0 ? "common" : "serve");
          else if (users > 1) names.set(id, "threads");
        }
        // It awaits the command that it runs: whatever that loads must not wait for the same file in turn.
        for (const id of files(command)) names.delete(id);
      },
    },
    group: { name: (id) => names.get(id) ?? null, debugName: "shared" },
  };
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
