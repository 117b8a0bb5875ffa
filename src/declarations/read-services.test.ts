import { describe, expect, it } from "vitest";
import { PrologError } from "./prolog-error.ts";
import { readServices } from "./read-services.ts";

const COMPLETE = `% A complete service with discovery and tracing
service(order_service, [
    % Discovery configuration
    discovery_enabled(true),
    discovery_backend(consul),
    health_check(http('/health', 30000)),
    discovery_ttl(60),
    discovery_tags([production, v2]),

    % Tracing configuration
    tracing(true),
    trace_exporter(otlp),
    trace_sampling(0.1),
    trace_propagation(w3c),

    % Transport
    transport(http(8080))
], [
    % Health endpoint
    handle(get_health, [], respond(ok)),

    % Create order with tracing
    handle(create_order, [OrderData],
        start_span(create_order),
        validate_order(OrderData),
        add_span_event(validated),
        discover_service(inventory_service, [production], InventoryEndpoint),
        call_service(InventoryEndpoint, reserve_items, OrderData.items),
        add_span_event(items_reserved),
        persist_order(Order),
        end_span,
        respond(Order)
    )
]).
`;

function problem(text: string): string {
  try {
    readServices(text, "services.pl");
  } catch (error) {
    expect(error).toBeInstanceOf(PrologError);
    return (error as Error).message;
  }
  throw new Error("the text was accepted");
}

describe("service facts", () => {
  it("reads the complete example", () => {
    const [service] = readServices(COMPLETE, "services.pl");
    expect(service).toMatchObject({
      name: "order_service",
      filename: "services.pl",
      at: { line: 2, column: 1 },
      options: {
        discovery_enabled: true,
        discovery_backend: "consul",
        health_check: { http: { path: "/health", interval_ms: 30_000 } },
        discovery_ttl: 60,
        discovery_tags: ["production", "v2"],
        tracing: true,
        trace_exporter: "otlp",
        trace_sampling: 0.1,
        trace_propagation: "w3c",
        transport: { http: { port: 8080 } },
      },
    });
    expect(service?.handler.map(({ name, at }) => [name, at.line])).toEqual([
      ["handle", 20],
      ["handle", 23],
    ]);
    expect(service?.handler[1]?.text).toContain("call_service(InventoryEndpoint, reserve_items, OrderData.items)");
  });

  it("reads the shorter examples, with defaults for what they leave out", () => {
    const text = `
      service(user_api, [ discovery_enabled(true), discovery_backend(consul), health_check(http('/health', 30000)),
        discovery_ttl(60), discovery_tags([production, v2, us_east]), transport(http(8080))
      ], [ receive(Request), state_get(users, Users), respond(Response) ]).
      service(order_api, [tracing(true), trace_exporter(otlp), trace_sampling(0.1), trace_propagation(w3c), transport(http(8080))],
        [receive(OrderRequest), start_span(process_order), end_span, respond(Order)]).`;
    const [users, orders] = readServices(text, "s.pl");
    expect(users?.options).toMatchObject({
      discovery_tags: ["production", "v2", "us_east"],
      tracing: false,
      trace_sampling: 1,
    });
    expect(orders?.options).toMatchObject({
      discovery_enabled: false,
      discovery_backend: "local",
      discovery_ttl: 60,
      trace_sampling: 0.1,
    });
    expect(orders?.handler.map(({ text: step }) => step)).toEqual([
      "receive(OrderRequest)",
      "start_span(process_order)",
      "end_span",
      "respond(Order)",
    ]);
  });

  it("reads service/2, with a handler or with options", () => {
    const [plain, configured, empty] = readServices(
      "service(echo, [receive(X), respond(X)]). service(quiet, [tracing(true)]). service(none, []).",
      "s.pl",
    );
    expect(plain?.handler).toHaveLength(2);
    expect(plain?.options.tracing).toBe(false);
    expect(configured?.options.tracing).toBe(true);
    expect(configured?.handler).toEqual([]);
    expect(empty?.handler).toEqual([]);
  });

  it("reads every option in every form", () => {
    const [service] = readServices(
      `service('My-Service.1', [health_check(tcp(5432, 1000)), discovery_backend(kubernetes), trace_exporter(zipkin),
        trace_sampling(1), trace_propagation([w3c, b3, jaeger]), discovery_tags(["with space", 'Quoted', 7, true]),
        transport(http(0, '0.0.0.0'))], []).`,
      "s.pl",
    );
    expect(service).toMatchObject({
      name: "My-Service.1",
      options: {
        health_check: { tcp: { port: 5432, interval_ms: 1000 } },
        discovery_tags: ["with space", "Quoted", "7", "true"],
        trace_propagation: ["w3c", "b3", "jaeger"],
        transport: { http: { port: 0, host: "0.0.0.0" } },
      },
    });
  });

  it("reads what a backend is told", () => {
    const backends = readServices(
      `service(a, [discovery_backend(consul([endpoint('http://consul:8500'), token(secret)]))], []).
       service(b, [discovery_backend(etcd([endpoint("https://etcd:2379"), prefix('/shop'), timeout_ms(500),
         username(shop), password('pa''ss'), tls([ca_file('ca.pem'), insecure_skip_verify(false)])]))], []).
       service(c, [discovery_backend(dns([servers(['10.0.0.2:53']), services([
         inventory_service([query('inventory.shop.test'), record(a), port(8080), tags([production, v2])]),
         'billing.v1'([query('_http._tcp.billing.shop.test')])])]))], []).
       service(d, [discovery_backend(kubernetes([namespace(shop), port_name(http)]))], []).
       service(e, [discovery_backend(etcd([]))]).`,
      "s.pl",
    ).map(({ options }) => options.discovery_backend);
    expect(backends).toEqual([
      { consul: { endpoint: "http://consul:8500", token: "secret" } },
      {
        etcd: {
          endpoint: "https://etcd:2379",
          prefix: "/shop",
          timeout_ms: 500,
          username: "shop",
          password: "pa'ss",
          tls: { ca_file: "ca.pem", insecure_skip_verify: false },
        },
      },
      {
        dns: {
          servers: ["10.0.0.2:53"],
          services: {
            inventory_service: {
              query: "inventory.shop.test",
              record: "a",
              port: 8080,
              tags: ["production", "v2"],
            },
            "billing.v1": { query: "_http._tcp.billing.shop.test" },
          },
        },
      },
      { kubernetes: { namespace: "shop", port_name: "http" } },
      { etcd: {} },
    ]);
  });

  it("passes over comments, directives, other facts and rules without executing them", () => {
    const text = `
      /* a block
         comment with service(x, [y( */
      :- use_module(library(lists)).
      :- initialization(halt).
      other(fact, "x", 0.5, -3, [a|T]).
      helper(X) :- X > 3, \\+ member(X, [1, 2]), service(X).
      service(a, [], [check(X >= 3 + 2 * Y), (a, b ; c -> d), {x: 1}, \\+ done, f(- 1), Order.customer.name, [H|T], !, 'it''s']).`;
    const [service] = readServices(text, "s.pl");
    expect(service?.handler.map(({ text: step }) => step)).toEqual([
      "check(X >= 3 + 2 * Y)",
      "(a, b ; c -> d)",
      "{x: 1}",
      "\\+ done",
      "f(- 1)",
      "Order.customer.name",
      "[H, T]",
      "!",
      "'it\\'s'",
    ]);
  });

  it("finds none in an empty file, and takes any line ends", () => {
    expect(readServices("", "s.pl")).toEqual([]);
    expect(readServices("% nothing\n", "s.pl")).toEqual([]);
    expect(readServices(COMPLETE.replaceAll("\n", "\r\n"), "s.pl")[0]?.at.line).toBe(2);
  });
});

describe("what is wrong", () => {
  it.each([
    ["service(a, [\n  tracing(yes)\n], []).", '2:11: tracing: expected true or false, got "yes"'],
    ["service(a, [trace_sampling(1.5)], []).", "1:28: trace_sampling: expected a number from 0.0 to 1.0, got 1.5"],
    ["service(a, [trace_sampling(-0.5)], []).", "1:28: trace_sampling: expected a number from 0.0 to 1.0, got -0.5"],
    [
      "service(a, [trace_exporter(xray)], []).",
      '1:28: trace_exporter: expected one of otlp, jaeger, zipkin, console, got "xray"',
    ],
    [
      "service(a, [discovery_backend(zookeeper)], []).",
      "1:31: discovery_backend: expected one of local, consul, etcd, dns, kubernetes",
    ],
    [
      "service(a, [discovery_backend(\n  zookeeper([hosts(x)]))], []).",
      "2:3: discovery_backend: expected one of local, consul, etcd, dns, kubernetes, alone or with its options",
    ],
    [
      "service(a, [discovery_backend(etcd('http://etcd:2379'))], []).",
      "1:31: discovery_backend: expected one of local",
    ],
    [
      "service(a, [discovery_backend(etcd([\n  endpoint(etcd)]))], []).",
      '2:12: discovery_backend.etcd.endpoint: expected an http or https URL, got "etcd"',
    ],
    [
      "service(a, [discovery_backend(etcd([\n  endpont('http://e')]))], []).",
      "2:11: discovery_backend.etcd.endpont: unknown option; did you mean endpoint?",
    ],
    [
      "service(a, [discovery_backend(etcd([prefix(a),\n prefix(b)]))], []).",
      "2:2: option discovery_backend.etcd.prefix is given a second time",
    ],
    ["service(a, [discovery_backend(etcd([prefix]))], []).", "1:37: expected an option with one value"],
    [
      "service(a, [discovery_backend(dns([services([b([query(x), record(a)])])]))], []).",
      "1:48: discovery_backend.dns.services.b.port: expected a port, which only srv records have",
    ],
    ["service(a, [trace_propagation([w3c, xx])], []).", "1:37: trace_propagation[1]: expected one of w3c"],
    [
      "service(a, [discovery_ttl(soon)], []).",
      "1:27: discovery_ttl: expected a whole number of seconds from 1 to 86400",
    ],
    [
      "service(a, [discovery_tags(production)], []).",
      '1:28: discovery_tags: expected a list of tags, got "production"',
    ],
    ["service(a, [discovery_tags([Tag])], []).", "1:29: discovery_tags[0]: expected a tag"],
    [
      "service(a, [health_check(http('health', 30000))], []).",
      '1:31: health_check.http.path: expected a path that begins with "/"',
    ],
    [
      "service(a, [health_check(http('/h'))], []).",
      "health_check.http.interval_ms: expected a whole number of ms from 100, got nothing",
    ],
    [
      "service(a, [health_check(grpc(1))], []).",
      "1:26: health_check: expected http with a path and an interval in ms, or tcp",
    ],
    [
      "service(a, [transport(http(99999))], []).",
      "1:28: transport.http.port: expected a port from 0 to 65535, got 99999",
    ],
    ["service(a, [transport(tcp(1))], []).", "1:23: transport: expected http with a port"],
    ["service(a, [\n   discovery_tll(60)], []).", "2:4: discovery_tll: unknown option; did you mean discovery_ttl?"],
    ["service(a, ['__proto__'(1)], []).", "1:13: __proto__: unknown option"],
    ["service(a, [tracing], []).", "1:13: expected an option with one value, as tracing(true), found tracing"],
    ["service(a, [tracing(true, false)], []).", "1:13: expected an option with one value"],
    ["service(a, [tracing(true),\n tracing(false)], []).", "2:2: option tracing is given a second time"],
    ["service(a, tracing(true), []).", "1:12: expected a list of options in [ ], found tracing(true)"],
    ["service(a, [], respond).", "1:16: expected the handler as a list in [ ], found respond"],
    ["service(Name, []).", "1:9: expected the service's name as an atom, found Name"],
    ["service('no spaces', []).", "1:9: name: expected a name of letters"],
    ["service(a).", "1:1: expected service(Name, Options, Handler) or service(Name, Handler), found 1 arguments"],
    ["service(a, [], [], []).", "1:1: expected service(Name, Options, Handler)"],
    ["service(a, []).\nservice(a, []).", '2:1: service "a" is declared a second time, first at 1:1'],
    ["service(a, []) :- true.", "1:1: expected a service fact, found a rule"],
  ])("%s", (text, message) => {
    expect(problem(text)).toContain(`services.pl:${message}`.replace("services.pl:health", "health"));
  });

  it.each([
    [
      "service(a, [tracing(true) trace_sampling(1)], []).",
      '1:27: expected an operator, a comma or a closing bracket, found "trace_sampling"',
    ],
    ["service(a, [tracing(true), [])", '1:30: expected , or ] for the bracket opened at 1:12, found ")"'],
    [
      "service(a, [tracing(true)], []",
      "1:31: expected , or ) for the bracket opened at 1:1, found the end of the file",
    ],
    ["service(a, [], [])\nservice(b, [], []).", '2:1: expected . at the end of the fact, found "service"'],
    ["service(a, [], [])", "1:19: expected . at the end of the fact, found the end of the file"],
    ["service(a, ['open], []).", "1:13: expected a closing '"],
    ["service(a, [,], []).", '1:13: expected a term, found ","'],
    ["service(a, [tracing()], []).", '1:21: expected a term, found ")"'],
    ["service(a, [x(1) 2], []).", '1:18: expected , or a closing bracket after the term, found "2"'],
    ["/* never closed\nservice(a, []).", "1:1: expected */ at the end of the comment"],
    [":- directive\nservice(a, [])", "1:1: expected . at the end of the clause that begins here"],
    ["service(a, [tracing(true)}, []).", '1:26: expected , or ] for the bracket opened at 1:12, found "}"'],
  ])("%s", (text, message) => {
    expect(problem(text)).toBe(`services.pl:${message}`);
  });

  it("is bounded in depth and size", () => {
    expect(problem(`service(a, ${"[".repeat(300)}`)).toContain("brackets are nested more than 200 deep");
    expect(problem(" ".repeat(2 << 20))).toContain("expected at most 1048576");
  });
});
