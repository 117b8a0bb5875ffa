import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readServiceFile } from "./declared-services.ts";

function read(backend: string) {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-facts-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "s.pl");
  writeFileSync(file, `service(a, [\n  discovery_backend(${backend})\n], []).\n`);
  return readServiceFile(file);
}

it.each([
  ["etcd([username(me)])", "2:26: discovery_backend.etcd: username and password must be given together"],
  ["etcd([username(me), password(x), prefix('a b')])", "2:61: discovery_backend.etcd.prefix: expected a path such as"],
  ["etcd([tls([cert_file(c)])])", "2:31: discovery_backend.etcd.tls: cert_file and key_file must be given together"],
  [
    "etcd([endpoint('http://169.254.169.254')])",
    "2:36: discovery_backend.etcd.endpoint: 169.254.169.254 is a link-local",
  ],
  ["dns([servers(['dns.shop.test'])])", '2:34: discovery_backend.dns.servers.0: "dns.shop.test" is no DNS server'],
  ["kubernetes([context(x)])", "2:32: discovery_backend.kubernetes: context belongs to kubeconfig"],
])("refuses what would keep a service from starting, with its place: %s", (backend, message) => {
  expect(() => read(backend)).toThrow(`s.pl:${message}`);
});

it.each([
  "local",
  "consul([token(t)])",
  "etcd([username(me), password(x)])",
  "dns",
  "kubernetes",
  "kubernetes([kubeconfig('/nowhere'), context(x)])",
])("leaves to the start what depends on the machine: %s", (backend) => {
  expect(read(backend)).toHaveLength(1);
});
