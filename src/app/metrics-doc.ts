/** One metric as the reference lists it. */
export interface MetricEntry {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Names of the labels of any of its series, sorted. */
  readonly labels: readonly string[];
}

/**
 * The metrics in Prometheus texts (exposition format 0.0.4) that running collectors gave, each once, sorted by name.
 * The reference is made from what is really exposed, so that it cannot name what does not exist.
 */
export function metricEntries(expositions: readonly string[]): MetricEntry[] {
  const found = new Map<string, { type: string; help: string; labels: Set<string> }>();
  const entryOf = (name: string) => {
    const entry = found.get(name) ?? { type: "untyped", help: "", labels: new Set<string>() };
    found.set(name, entry);
    return entry;
  };
  for (const line of expositions.join("\n").split("\n")) {
    const comment = /^# (HELP|TYPE) (\w+) (.*)$/.exec(line);
    if (comment !== null) {
      const entry = entryOf(comment[2] as string);
      const text = comment[3] as string;
      if (comment[1] === "TYPE") entry.type = text;
      else entry.help = text.replaceAll("\\n", " ").replaceAll("\\\\", "\\");
      continue;
    }
    const sample = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line);
    if (sample === null) continue;
    const { labels } = entryOf(familyOf(sample[1] as string, (name) => found.get(name)?.type));
    for (const [, label] of (sample[2] ?? "").matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) labels.add(label as string);
    labels.delete("le");
  }
  return [...found]
    .map(([name, { type, help, labels }]) => ({ name, type, help, labels: [...labels].sort() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A histogram's series are one metric. */
function familyOf(name: string, typeOf: (name: string) => string | undefined): string {
  const family = name.replace(/_(?:bucket|sum|count)$/, "");
  return typeOf(family) === "histogram" ? family : name;
}

/**
 * The reference page, docs/metrics.md: a table for each part of the collector, by the word after `spanloom`, and one
 * for each other first word.
 */
export function metricsReference(entries: readonly MetricEntry[]): string {
  let page = `# Metrics

Made by \`npm run docs\` from what running collectors expose; edit the help texts in the source.

\`GET /metrics\` on the web UI's port answers in the Prometheus text format 0.0.4. Counters begin at 0 with each start of
the collector. A series whose labels depend on what happened (\`reason\`, \`view\`, \`rule\`) is there from its first event
on. A histogram \`x\` has the series \`x_bucket\` with the label \`le\`, \`x_sum\` and \`x_count\`. Those that begin with
\`process_\` or \`nodejs_\` are of the whole process, under the names that other programs give them too.
\`deploy/grafana\` has a dashboard of these metrics, and [operations.md](operations.md) says which to alert on.
`;
  const parts = new Map<string, MetricEntry[]>();
  for (const entry of entries) {
    const [first = "", second = ""] = entry.name.split("_");
    const part = first === "spanloom" ? second : first;
    parts.set(part, [...(parts.get(part) ?? []), entry]);
  }
  for (const [part, list] of parts) {
    page += `\n## ${part}\n\n| metric | type | labels | |\n|---|---|---|---|\n`;
    for (const { name, type, labels, help } of list) {
      const names = labels.map((label) => `\`${label}\``).join(", ");
      page += `| \`${name}\` | ${type} | ${names} | ${help.replaceAll("|", "\\|")} |\n`;
    }
  }
  return page;
}
