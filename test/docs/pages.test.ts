import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { configReference, configSettings } from "../../src/app/config/config-doc.ts";
import { metricEntries, metricsReference } from "../../src/app/metrics-doc.ts";
import { ERROR_STATUS } from "../../src/component/error-status.ts";
import { grpcStatusName } from "../../src/model/grpc-status.ts";
import { docPages, documentedMetrics, ROOT, text } from "./files.ts";

describe("generated pages", () => {
  it("are what the program says of itself", async () => {
    const run = promisify(execFile)(process.execPath, [join(ROOT, "scripts/docs.mjs"), "--check"]);
    await expect(run).resolves.toMatchObject({ stdout: "every page is current\n" });
  }, 120_000);

  it("list every metric of a span's way that the source names", () => {
    const documented = documentedMetrics();
    const named = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => /^(app|receivers|processors|storage|exporters|query)\b.*(?<!\.test)\.ts$/.test(name))
      .flatMap((name) => [...text(`src/${name}`).matchAll(/"(spanloom_\w*[a-z])"/g)].map(([, metric]) => metric));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((metric) => !documented.has(metric as string))).toEqual([]);
  });
});

describe("the reference of settings", () => {
  it("explains every setting", () => {
    const settings = configSettings();
    expect(settings.length).toBeGreaterThan(50);
    expect(settings.filter(({ description }) => !description).map(({ path }) => path)).toEqual([]);
  });

  it("says what is required, and shared settings of exporters once", () => {
    const page = configReference();
    expect(page).toContain("| `exporters.file.path` | string | required in `file` |");
    expect(page.match(/\.sending\.max_backlog_spans/g)).toHaveLength(1);
    expect(page.match(/`exporters\.[\w*]+\.sending\.max_batch_spans`/g)).toEqual([
      "`exporters.*.sending.max_batch_spans`",
      "`exporters.clickhouse.sending.max_batch_spans`",
    ]);
  });
});

describe("the reference of metrics", () => {
  const exposition = [
    "# HELP spanloom_b_total Things,\\nall of them.",
    "# TYPE spanloom_b_total counter",
    'spanloom_b_total{y="1",x="a\\"b{c}"} 2',
    "spanloom_b_total 1e+21",
    "",
  ].join("\n");

  it("reads names, types, help and labels from the Prometheus text", () => {
    expect(metricEntries([exposition, exposition])).toEqual([
      { name: "spanloom_b_total", type: "counter", help: "Things, all of them.", labels: ["x", "y"] },
    ]);
  });

  it("takes the series of a histogram for one metric", () => {
    const histogram = ["# HELP x_s X.", "# TYPE x_s histogram", 'x_s_bucket{le="+Inf",a="1"} 1', 'x_s_sum{a="1"} 2'];
    expect(metricEntries([histogram.join("\n")])).toEqual([
      { name: "x_s", type: "histogram", help: "X.", labels: ["a"] },
    ]);
  });

  it("has a table for each part of the collector", () => {
    const page = metricsReference(metricEntries([exposition]));
    expect(page).toContain("\n## b\n");
    expect(page).toContain("| `spanloom_b_total` | counter | `x`, `y` | Things, all of them. |");
  });
});

describe("the troubleshooting table", () => {
  it("has every error code once, and no other, with what it is answered with", () => {
    const section = text("docs/operations.md").split("\n## Troubleshooting\n")[1]?.split("\n| reason |")[0] ?? "";
    const listed = [...section.matchAll(/^\| `(\w+)` \| (\d+ \/ \w+)/gm)].map(([, ...row]) => row.join(" | "));
    const told = Object.entries(ERROR_STATUS).map(
      ([code, { http, grpc }]) => `${code} | ${http} / ${grpcStatusName(grpc)}`,
    );
    expect(listed.sort()).toEqual(told.sort());
  });
});

describe("pictures", () => {
  const shown = docPages().flatMap((page) =>
    [...text(page).matchAll(/!\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(([, image, html]) =>
      join(dirname(page), (image ?? html) as string),
    ),
  );

  it("are there, and each is shown somewhere", () => {
    expect(shown.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const kept = readdirSync(join(ROOT, "docs/images")).map((name) => `docs/images/${name}`);
    expect(kept.filter((path) => !shown.includes(path))).toEqual([]);
  });
});

describe("links", () => {
  it.each(docPages())("of %s lead somewhere", (page) => {
    const prose = text(page).replace(/```[\s\S]*?```/g, "");
    const broken = [...prose.matchAll(/(?<!!)\[[^\]]*\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target as string)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !leadsSomewhere(page, target));
    expect(broken).toEqual([]);
  });
});

function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, file))) return false;
  if (anchor === undefined || !file.endsWith(".md")) return true;
  const anchors = [...text(file).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );
  return anchors.includes(anchor);
}
