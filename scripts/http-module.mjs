// `node:http` as bundles import it. A module that imports it has Node read all its properties, `WebSocket` among them,
// and for that Node runs the whole of undici: about 40 ms of the processor at every start.
import http from "node:http";

const ID = "\0node:http";

/** Gives a bundle the properties of `node:http` that cost nothing to read. */
export const httpModule = {
  name: "http-module",
  resolveId: (id) => (id === "node:http" ? ID : null),
  load: (id) => (id === ID ? TEXT : null),
};

/** These are read by getters too, and are plain. */
const PLAIN = ["maxHeaderSize"];

const names = Object.entries(Object.getOwnPropertyDescriptors(http))
  .filter(([name, { get }]) => get === undefined || PLAIN.includes(name))
  .map(([name]) => name);
const TEXT = [
  'const http = process.getBuiltinModule("node:http");',
  ...names.map((name) => `export const ${name} = /* @__PURE__ */ read("${name}");`),
  "function read(name) { return http[name]; }",
].join("\n");
