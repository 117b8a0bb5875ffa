/** Functions that may have more lines than others, as `file: name`, and why each is in one piece. */
export const LONG_FUNCTIONS: Readonly<Record<string, string>> = {
  "src/codec/otlp/scan/scan.ts: TraceScanner.span": "the hottest loop of all: its positions stay in local variables",
  "src/codec/otlp/message/decode.ts: span": "one case for each field of the message",
  "src/codec/otlp/cut/mend-span.ts: SpanMender.members": "one case for each field of the message",
  "src/discovery/server/consul-routes.ts: createConsulRoutes": "one route after the other",
  "src/storage/block/block-index.ts: decodeBlockIndex": "one column after the other, in the order of the bytes",
  "src/storage/columnar/columnar-body.ts: Rebuilder.token": "one case for each kind of token",
  "src/storage/columnar/shredder.ts: Shredder.fields": "one case for each wire type; its positions are local",
  "src/storage/read/trace-reader.ts: createTraceReader": "one question of the reader after the other",
  "src/storage/sealing/assemble.ts: Assembler.assemble": "one pass whose buffers all steps share",
  "src/storage/threads/export-worker.ts: ": "a thread's program: one message after the other",
  "src/storage/threads/query-worker.ts: ": "as export-worker.ts",
  "src/storage/threads/start-inline.ts: threads": "one part of the store after the other",
  "web/src/search/search-form.tsx: SearchForm": "as ResultRow",
  "web/src/search/search-results.tsx: SearchResults": "as ResultRow",
  "web/src/services/services-page.tsx: ServicesPage": "as ResultRow",
  "web/src/trace/timeline/minimap.tsx: Minimap": "as ResultRow",
  "web/src/trace/trace-view.tsx: TraceView": "as ResultRow",
  "web/src/ui/combobox.tsx: Combobox": "as ResultRow",
  "src/cli/commands/db/db.ts: addDb": "the flags and examples of one command after the other",
  'src/query/ui/ui-api.test.ts: "span detail"."has everything of both spans that share an id, with types"':
    "one whole answer",
};

/** Names that two files export, and why neither has another. */
export const HOMONYMS: Readonly<Record<string, string>> = {
  saveTracesOfFailedTests: "the same for each test runner: a project changes the entry it imports, and no more",
  ServiceInstance: "the SDK declares its own types, for it loads nothing of the collector",
  Registration: "as ServiceInstance",
  ExporterSettings: "as ServiceInstance",
  ServiceRegistry: "as ServiceInstance",
  LocalRegistry: "as ServiceInstance",
  HttpRequest: "as ServiceInstance",
  SpanContext: "as ServiceInstance",
  Span: "as ServiceInstance",
  SpanLimits: "as ServiceInstance",
  DEFAULT_SPAN_LIMITS: "as ServiceInstance",
  reasonOf: "as ServiceInstance",
  consoleExporter: "the SDK's function for what is a component in the collector",
  jaegerExporter: "as consoleExporter",
  otlpHttpExporter: "as consoleExporter",
  zipkinExporter: "as consoleExporter",
  toTracesData: "the SDK has spans of its own to make requests of",
  Operation: "an operation of a service, which a reader finds and a declaration names",
  KeyValue: "OTLP's and etcd's own word",
  ByteReader: "protobuf's and Thrift's, which share nothing",
  Json: "of OTLP with its exact integers, and any",
  JsonObject: "of a mapping, and of a registry's answer",
  anyValueToJson: "to OTLP's JSON, and to that of an attribute's text",
  inflateBody: "of a request, and of a stored block",
  countSpans: "of requests, and of fragments of the log",
  Values: "of the demo shop, and a column",
  Frame: "of the demo shop, and of a message",
  serve: "of the demo shop, and the command",
  guardedLookup: "an exporter's refuses, a health check's filters",
  formatDuration: "Go's text, and two for people",
  parseDuration: "Go's text, and that of a form",
  searchQuery: "of the command, and of the page",
  fieldsOf: "of an object, and of a form",
  timeRange: "of a recording, and of a search",
  otlpEndpoints: "of the collector, and of what the page reads of it",
  Rewrite: "of a recording, and of attributes",
  CountedSeries: "the page has the types of what it reads",
  DependencyTable: "a table of the store, and one on a page",
  RedCells: "as DependencyTable",
  parseTraceReference: "of the command, which takes beginnings of ids, and of a page, which takes spans too",
  Candidate: "of a completion, and of a sampling decision",
  check: "of a config, and of a data folder",
  listen: "of a server, and of a declared endpoint",
};

/** Paths that stand for any. */
export const EXAMPLE_PATHS: readonly string[] = [
  "src/exporters/mine.ts",
  "src/processors/rewrite/mine.ts",
  "src/receivers/mine.ts",
  "docs/adr/NNNN-title.md",
  "src/orders.js",
  "test/orders.test.js",
];

/** Where functions and columns are not measured yet. */
export const UNMEASURED: readonly string[] = [];

/** Folders that are to be divided, and how many files they may have until then. */
export const LARGE_FOLDERS: Readonly<Record<string, number>> = { "web/src/trace": 41 };

/** Tests of what Linux alone has, which say so nowhere but in their source. */
export const LEFT_OUT_SILENTLY: readonly string[] = [
  "src/storage/open-store.test.ts",
  "src/component/files/make-folder.test.ts",
];
