import { expect, it } from "vitest";
import { makeToken } from "../../access/secrets.ts";
import { parseConfig } from "./config.ts";
import { configWarnings } from "./config-warnings.ts";

const warnings = (access: object, more: object = {}) =>
  configWarnings(parseConfig({ access, ...more }, { name: "spanloom.yaml" }));
const certificates = { shop: { names: ["shop.example"], scopes: ["ingest"] } };
const tls = { cert_file: "cert.pem", key_file: "key.pem", client_ca_file: "ca.pem" };

it("names settings of access that ask nobody, as nobody is named", () => {
  expect(warnings({})).toEqual([]);
  expect(warnings({ session_hours: 3, open_listeners: ["receivers.zipkin.endpoint"] })).toEqual([
    expect.stringMatching(/^access.open_listeners: does nothing, as access names nobody/),
    expect.stringMatching(/^access.session_hours: does nothing/),
  ]);
  const tokens = { team: { token: makeToken(), scopes: ["read"] } };
  expect(warnings({ tokens, session_hours: 3 })).toEqual([]);
});

it("says where certificates are to be known and no listener asks for any", () => {
  expect(warnings({ certificates })).toEqual([expect.stringContaining("no listener has tls.client_ca_file")]);
  expect(warnings({ certificates }, { receivers: { zipkin: { tls } } })).toEqual([]);
  expect(
    warnings({ certificates }, { exporters: { otlp: { endpoint: "a:1", tls: { ca_file: "ca.pem" } } } }),
  ).toHaveLength(1);
});
