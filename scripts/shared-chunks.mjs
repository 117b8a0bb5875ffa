// Which modules share a file. Left to itself a bundler makes one for each set of entries that need the same modules:
// sixty small files for `serve` alone, and finding a file takes longer than reading one.
import { join } from "node:path";

/** What only one or two threads share is no file of its own below this many bytes. */
const SMALL = 16 * 1024;

/**
 * Puts what several programs need at their start into a few chunks: `check` for what the command needs to find out
 * whether this Node will do, `command` for the rest of the command, `base` for what others need of it, `common` for the
 * collector and its threads, `serve` for the collector, `threads` for the threads, `thread-1` and on for what one of
 * them needs alone. What only one or two threads need with the collector or with each other is apart where it is much,
 * as `common-1` or `threads-1-2`: reading what is not needed takes time too. What is imported by `import()` goes into
 * chunks of its own.
 *
 * @param programs entries by program, names below src/ without their ending
 * @returns a plugin that learns the modules, and the groups that name their chunks
 */
export function sharedChunks(root, { check, command, collector, kit, threads }) {
  const names = new Map();
  const files = (entries) => entries.map((name) => join(root, "src", `${name}.ts`));
  return {
    plugin: {
      name: "shared-chunks",
      buildEnd() {
        const loaded = (entries) => staticImports(this, files(entries));
        const [ofCheck, ofCommand, ofCollector, ofKit] = [check, command, collector, kit].map(loaded);
        const ofThreads = threads.map(loaded);
        for (const id of this.getModuleIds()) {
          const users = ofThreads.flatMap((ids, at) => (ids.has(id) ? [at + 1] : []));
          const few = users.length < 3 ? `-${users.join("-")}` : "";
          if (ofCheck.has(id)) names.set(id, "check");
          else if (ofCommand.has(id))
            names.set(id, users.length > 0 || ofCollector.has(id) || ofKit.has(id) ? "base" : "command");
          else if (users.length > 0 && (ofCollector.has(id) || ofKit.has(id))) names.set(id, `common${few}`);
          else if (ofCollector.has(id)) names.set(id, "serve");
          else if (users.length > 1) names.set(id, `threads${few}`);
          else if (users.length === 1) names.set(id, `thread${few}`);
        }
        const bytes = new Map();
        for (const [id, name] of names)
          bytes.set(name, (bytes.get(name) ?? 0) + (this.getModuleInfo(id)?.code?.length ?? 0));
        for (const [id, name] of names) {
          const [whole] = /^(?:common|threads)(?=-)/.exec(name) ?? [];
          if (whole !== undefined && bytes.get(name) < SMALL) names.set(id, whole);
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
