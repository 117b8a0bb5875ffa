import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { views } from "../../../src/app/store-modules/views.ts";
import { createHttpApp } from "../../../src/app/ui-port/http-app.ts";
import { createPages } from "../../../src/app/ui-port/web-files.ts";
import { AnswerBounds } from "../../../src/query/answer-bounds.ts";
import { IngestCore } from "../../../src/storage/log/ingest-core.ts";
import { fileAccess, StoredSource } from "../../../src/storage/log/stored-source.ts";
import { createTraceReader } from "../../../src/storage/read/trace-reader.ts";
import { incoming, makeBody, range, scannerPipeline } from "../storage/batches.ts";
import { testDriver } from "../storage/driver.ts";
import { failingDisk } from "../storage/failing-driver.ts";
import { recordingHost, storeSettings, tempFolder } from "../storage/rig.ts";
import { hostOf } from "./memory-reader.ts";

export interface GappedStore {
  /** Of the UI port, with a slash at the end. */
  readonly url: string;
  /** Its spans lie in what can be read. */
  readonly traceId: string;
  readonly spanId: string;
  /** The disk gives everything again. */
  heal(): void;
  close(): Promise<void>;
}

/** The UI port of a stored log whose first segment the disk does not give: pages, read APIs, and a status. */
export async function startGappedStore(): Promise<GappedStore> {
  const temp = tempFolder();
  const host = recordingHost();
  const disk = failingDisk();
  const core = new IngestCore({
    settings: storeSettings(temp.path, host, { segment: { maxSpans: 20, maxBytes: 1 << 30, maxAgeMs: 1e12 } }),
    driver: disk.driver,
    pipeline: scannerPipeline(),
    host,
    release: async () => {},
    onTrouble: () => {},
  });
  for (let first = 1; first < 61; first += 10) {
    core.append([incoming(makeBody("shop", range(first, 10)))]);
    core.settle();
  }
  testDriver.open(join(temp.path, "consumers.db")).close();
  disk.fail("00000001.db");
  const source = new StoredSource(fileAccess(disk.driver, temp.path), (segment, reason) => {
    void core.quarantine(segment, reason);
  });
  const closing = new AbortController();
  const app = createHttpApp({
    viewHost: hostOf(createTraceReader(source), views),
    bounds: new AnswerBounds(),
    control: (request, response) => {
      const isStatus = request.url?.startsWith("/api/ui/status") === true;
      // As the real one: /readyz says why in plain text.
      const type = isStatus ? "application/json" : "text/plain; charset=utf-8";
      response.writeHead(isStatus ? 200 : 503, { "content-type": type });
      response.end(isStatus ? JSON.stringify(STATUS) : "the disk of this test fails\n");
    },
    closing: closing.signal,
    basePath: "/",
    besideForeign: false,
    mcp: undefined,
    allowedHosts: [],
    logger: host.logger,
    loadPages: async () => createPages("/"),
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    traceId: (13).toString(16).padStart(32, "0"),
    spanId: (50).toString(16).padStart(16, "0"),
    heal: () => disk.heal(),
    close: async () => {
      closing.abort();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      source.close();
      core.close();
      temp.remove();
    },
  };
}

/** As much of a status as the command and the pages look at. */
const STATUS = {
  version: "0.0.0",
  startedAtMs: 0,
  nowMs: 0,
  endpoints: { receivers: [], ui: "http://127.0.0.1:1/" },
  listeners: [],
  storage: { kind: "memory", spans: 60, batches: 6, segments: 4, diskBytes: 0, retention: {} },
  received: [],
  sampling: [],
  uncounted: [],
  exporters: [],
};
