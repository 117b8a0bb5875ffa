import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createCollector } from "../../src/app/collector.ts";
import type { ConfigInput } from "../../src/app/config/config.ts";
import { replay } from "../../src/replay/replay.ts";
import { otlpTarget } from "../../src/replay/target.ts";
import facts from "../fixtures/facts.json" with { type: "json" };
import { eventually } from "../support/eventually.ts";
import { recordingHost } from "../support/host.ts";
import { describeWhere } from "../support/requires.ts";
import { goPeer } from "./go-programs.ts";
import { ServerProgram } from "./processes.ts";

const program = goPeer("jaeger");
const RECORDINGS = ["node-shop", "python-shop", "telemetrygen"] as const;

/** As programs/go/jaeger lists what the handler read; the names are its own. */
interface Received {
  readonly traceId: string;
  readonly spanId: string;
  /** Zeros where there is none. */
  readonly parent: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
}

interface JaegerTrace {
  readonly spans: readonly {
    readonly traceID: string;
    readonly spanID: string;
    readonly operationName: string;
    readonly processID: string;
    readonly references: readonly { readonly refType: string; readonly traceID: string; readonly spanID: string }[];
    readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

/** Our own list of a trace, in Jaeger's terms. */
function listed({ spans, processes }: JaegerTrace): Received[] {
  return spans.map(({ traceID, spanID, operationName, processID, references, tags }) => {
    const parent = references.find(({ refType, traceID: of }) => refType === "CHILD_OF" && of === traceID);
    return {
      traceId: traceID,
      spanId: spanID,
      parent: parent?.spanID ?? "0000000000000000",
      service: processes[processID]?.serviceName as string,
      name: operationName,
      kind: (tags.find(({ key }) => key === "span.kind")?.value ?? "") as string,
    };
  });
}

const sorted = (spans: readonly Received[]): Received[] => spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));

describeWhere(
  program !== undefined,
  "Go or Jaeger's module is missing",
  "the handler of a Jaeger 1.x collector",
  () => {
    async function startJaeger(): Promise<string> {
      const jaeger = new ServerProgram({
        path: program as string,
        args: ([port]) => [String(port)],
        ready: async ([port]) => (await fetch(`http://127.0.0.1:${port}/received`)).ok,
      });
      await jaeger.start();
      onTestFinished(() => jaeger.stop());
      return `http://127.0.0.1:${jaeger.port()}`;
    }

    /** A collector that stores the recordings and sends them on; what it warned of. */
    async function startCollector(exporter: NonNullable<ConfigInput["exporters"]>[string]) {
      const folder = mkdtempSync(join(tmpdir(), "spanloom-jaeger-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const { logger, lines } = recordingHost();
      const storage = { kind: "sqlite", path: join(folder, "data") } as const;
      const collector = await createCollector({ storage, exporters: { jaeger: exporter } }, { logger });
      onTestFinished(() => collector.shutdown());
      const { signal } = new AbortController();
      await replay({
        files: RECORDINGS.map((name) => resolve(import.meta.dirname, `../fixtures/${name}.jsonl`)),
        targets: [otlpTarget(collector.endpoints.otlpHttp as string, signal)],
        speed: "max",
        at: "original",
        freshIds: false,
        signal,
      });
      const complaints = () => lines.filter(({ level }) => level === "warn" || level === "error");
      return { ui: collector.endpoints.ui as string, complaints };
    }

    const total = RECORDINGS.reduce((sum, name) => sum + facts[name].spans, 0);
    async function received(jaeger: string): Promise<Received[]> {
      return eventually("every span is there", async () => {
        const all = (await (await fetch(`${jaeger}/received`)).json()) as Received[] | null;
        return all !== null && all.length >= total && all;
      });
    }

    it("takes every span of the recordings with the exporter's defaults, and reads them as we show them", async () => {
      const jaeger = await startJaeger();
      const { ui, complaints } = await startCollector({ endpoint: `${jaeger}/api/traces` });
      const all = await received(jaeger);
      expect(all).toHaveLength(total);
      for (const traceId of new Set(all.map((span) => span.traceId))) {
        const answer = (await (await fetch(`${ui}api/traces/${traceId}`)).json()) as { data: [JaegerTrace] };
        expect(sorted(all.filter((span) => span.traceId === traceId))).toEqual(sorted(listed(answer.data[0])));
      }
      expect(complaints()).toEqual([]);
    });

    it("takes them where the exporter was told to compress, which it leaves when it is not understood", async () => {
      const jaeger = await startJaeger();
      const { complaints } = await startCollector({ endpoint: `${jaeger}/api/traces`, compression: "gzip" });
      expect(await received(jaeger)).toHaveLength(total);
      expect(complaints()).toEqual([expect.objectContaining({ message: expect.stringMatching(/does not take gzip/) })]);
    });
  },
);
