import { describe, expect, it } from "vitest";
import { SPAN_KIND } from "../../../../src/model/span.ts";
import { layoutTrace } from "./layout.ts";
import { mergePairs, serversOfClients } from "./pairs.ts";

const { client, server, internal } = SPAN_KIND;

describe("clients and the servers that they call", () => {
  /** A root with a client that has a look-up and a server below it, and one that was answered twice. */
  const layout = layoutTrace(Int32Array.of(-1, 0, 1, 1, 3, 0, 5, 5));
  const kind = Uint8Array.of(server, client, internal, server, internal, client, server, server);
  const servers = serversOfClients({ count: kind.length, kind }, layout);

  it("are pairs where there is one server", () => {
    expect([...servers]).toEqual([-1, 3, -1, -1, -1, -1, -1, -1]);
  });

  it("leave the server's row out, and what is below it one level up", () => {
    const { hidden, depth } = mergePairs(servers, layout);
    expect([...hidden]).toEqual([0, 0, 0, 1, 0, 0, 0, 0]);
    expect([...depth]).toEqual([0, 1, 2, 1, 2, 1, 2, 2]);
  });
});
