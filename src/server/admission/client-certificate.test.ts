import { expect, it } from "vitest";
import { namesOf } from "./client-certificate.ts";

it.each([
  ["DNS:Checkout.example, IP Address:10.0.0.7", ["checkout.example", "10.0.0.7"]],
  ["URI:spiffe://shop/Checkout, email:Ada@example.org", ["spiffe://shop/Checkout", "ada@example.org"]],
  // As Node writes names that would look like several: they stay one.
  ['DNS:"a.example, DNS:root.example", DNS:b.example', ["a.example, dns:root.example", "b.example"]],
  ['URI:"spiffe://a/\\", DNS:root"', ['spiffe://a/", DNS:root']],
  ["othername:<unsupported>, DirName:CN=root", []],
  // And within names of kinds that nobody is known by.
  ['DirName:"CN=a, DNS:root.example", DNS:b.example', ["b.example"]],
  ['DNS:a.example, othername: XmppAddr:"x, DNS:root.example"', ["a.example"]],
])("reads %s", (subjectAltName, names) => {
  expect(namesOf({ subjectAltName, subject: "CN=root" })).toEqual(names);
});

it("takes the common name where there is no other, and one alone", () => {
  const bySubject = (subject: string) => namesOf({ subjectAltName: undefined, subject });
  expect(bySubject("C=DE\nO=Shop\nCN=Checkout")).toEqual(["checkout"]);
  expect(bySubject("O=CN=root")).toEqual([]);
  expect(bySubject("CN=a\nCN=b")).toEqual([]);
});
