import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";

const root = new protobuf.Root();
root.resolvePath = (_origin, target) =>
  target.startsWith("google/") ? target : fileURLToPath(new URL(`../../../proto/${target}`, import.meta.url));
root.loadSync(["model", "collector", "query", "sampling"].map((name) => `jaeger/api_v2/${name}.proto`));
root.resolveAll();

describe("proto/jaeger", () => {
  it("has the services and methods that Jaeger's clients call", () => {
    const methods = ["CollectorService", "QueryService", "SamplingManager"].map((name) =>
      Object.keys(root.lookupService(`jaeger.api_v2.${name}`).methods),
    );
    expect(methods).toEqual([
      ["PostSpans"],
      ["GetTrace", "ArchiveTrace", "FindTraces", "GetServices", "GetOperations", "GetDependencies"],
      ["GetSamplingStrategy"],
    ]);
  });

  it("reads a span made by hand", () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const tag = "0a0161 1002 2805".replaceAll(" ", "");
    const span = `0a10${traceId} 1208b7ad6b7169203331 1a026f70 2801 3204 08051007 3a02 0801 4207${tag} 5203 0a0173`;
    const bytes = Buffer.from(span.replaceAll(" ", ""), "hex");
    const read = root.lookupType("jaeger.api_v2.Span").decode(bytes) as unknown as Record<string, unknown>;
    expect(read).toMatchObject({ operationName: "op", flags: 1, process: { serviceName: "s" } });
    expect(JSON.parse(JSON.stringify(read.tags))).toEqual([{ key: "a", vType: "INT64", vInt64: "5" }]);
  });
});
