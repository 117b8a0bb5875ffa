import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { connectionPreface, FRAME, frame, literal } from "../../test/support/http2-frames.ts";
import { certificate, startProxy } from "../../test/support/proxy/rig.ts";
import { EXPORT_PATH, grpcCall, grpcClient, type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";

let rig: ReceiverRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const MIB = 1 << 20;

/** Sockets of this process. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

function peer(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {}).on("data", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("end", resolve).once("close", () => resolve()));
}

async function grpcPort(options: Record<string, unknown> = {}): Promise<number> {
  rig = await startReceiver({ grpc: options });
  return rig.receiver.addresses.grpc?.port as number;
}

async function exports(): Promise<number | undefined> {
  const client = grpcClient((rig as ReceiverRig).grpc);
  const { error } = await grpcCall(client, EXPORT_PATH, Uint8Array.of(10, 0));
  client.close();
  return error?.code;
}

describe("the gRPC port keeps nothing of a connection", () => {
  it.each([
    ["with DATA on stream 0", Buffer.concat([connectionPreface(), frame(FRAME.data, 0, 0, Buffer.from("x"))])],
    [
      "with a broken header block",
      Buffer.concat([connectionPreface(), frame(FRAME.headers, 5, 1, Buffer.alloc(6, 255))]),
    ],
    [
      "with a window beyond 2^31",
      Buffer.concat([connectionPreface(), frame(FRAME.windowUpdate, 0, 0, Buffer.from([127, 255, 255, 255]))]),
    ],
    ["that speaks HTTP/1", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
  ])("%s", async (_what, bytes) => {
    const port = await grpcPort();
    const before = handles();
    const peers = Array.from({ length: 8 }, () => peer(port));
    const ends = peers.map(ended);
    for (const one of peers) one.write(bytes);
    await Promise.all(ends);
    await eventually("the port to let go", async () => handles() <= before + peers.length || false);
    expect(await exports()).toBeUndefined();
  });

  it.each([
    ["that says nothing", Buffer.alloc(0)],
    ["that says half a preface", connectionPreface().subarray(0, 10)],
    ["that says a preface alone", connectionPreface().subarray(0, 24)],
  ])("%s within the time to begin", async (_what, bytes) => {
    const port = await grpcPort({ begin_timeout_ms: 80 });
    const silent = peer(port);
    if (bytes.length > 0) silent.write(bytes);
    await ended(silent);
  });

  it("beyond the number that may be open", async () => {
    const port = await grpcPort({ max_connections: 1 });
    const first = peer(port);
    await new Promise((resolve) => first.once("connect", resolve));
    await ended(peer(port));
  });
});

describe("a TLS connection that never begins its handshake is shed", () => {
  it.each(["grpc", "http"] as const)("by the port of OTLP over %s", async (protocol) => {
    const tls = certificate();
    rig = await startReceiver({
      grpc: { tls, begin_timeout_ms: 80 },
      http: { tls, read_header_timeout_ms: 80 },
    });
    await ended(peer(rig.receiver.addresses[protocol]?.port as number));
  });

  it("by the proxy", async () => {
    const proxy = await startProxy({
      tls: certificate(),
      timeouts: { headers_ms: 80 },
      routes: [{ upstream: "http://127.0.0.1:1" }],
    });
    await ended(peer(proxy.port));
  });
});

/** A header block that puts 3,900 bytes into the table and names them again and again, a byte each time. */
function amplified(times: number): Buffer {
  const entry = Buffer.concat([
    Buffer.from([0x40, 1]),
    Buffer.from("a"),
    Buffer.from([0x7f, 0xbd, 0x1d]),
    Buffer.alloc(3_900, 97),
  ]);
  return Buffer.concat([
    Buffer.from([0x83, 0x86]),
    literal(":path", "/x/Y"),
    literal(":authority", "localhost"),
    literal("content-type", "application/grpc"),
    entry,
    Buffer.alloc(times, 0xbe),
  ]);
}

describe("header lists that are short on the wire and long in memory", () => {
  it("end a connection to the gRPC port at the first of them", async () => {
    const port = await grpcPort();
    const hostile = peer(port);
    const gone = ended(hostile);
    const calls = Array.from({ length: 50 }, (_, i) => frame(FRAME.headers, 4, i * 2 + 1, amplified(50)));
    hostile.write(Buffer.concat([connectionPreface(), ...calls]));
    await gone;
    expect(await exports()).toBeUndefined();
    expect(rig?.count("spanloom_receiver_refused_requests_total")).toBe(0);
  });

  it("end a connection to the proxy", async () => {
    const proxy = await startProxy({ routes: [{ upstream: "http://127.0.0.1:1" }] });
    const hostile = peer(proxy.port);
    const gone = ended(hostile);
    hostile.write(Buffer.concat([connectionPreface(), frame(FRAME.headers, 4, 1, amplified(100))]));
    await gone;
    await eventually("the log", async () => proxy.logged.find(({ reason }) => reason === "headers"));
  });

  it("that are within the limit are refused together, before they fill the memory", async () => {
    const port = await grpcPort({ max_concurrent_streams: 1_000 });
    const reset: number[] = [];
    const peers = Array.from({ length: 8 }, () => peer(port));
    for (const one of peers) {
      one.on("data", (chunk: Buffer) => {
        // RST_STREAM frames are whole: nothing else of these sizes comes.
        for (let at = 0; at + 13 <= chunk.length; at += 9 + chunk.readUIntBE(at, 3)) {
          if (chunk[at + 3] === 3) reset.push(chunk.readUInt32BE(at + 9));
        }
      });
      one.write(connectionPreface());
      const call = Buffer.concat([
        Buffer.from([0x83, 0x86]),
        literal(":path", EXPORT_PATH),
        literal(":authority", "localhost"),
        literal("content-type", "application/grpc"),
        Buffer.from([0x00, 1, 97, 0x7f, 0xd1, 0x6c]),
        Buffer.alloc(14_032, 97),
      ]);
      for (let id = 1; id < 1_000; id += 2) one.write(frame(FRAME.headers, 4, id, call));
    }
    await eventually("calls to be refused", async () => reset.includes(7) || false);
  });
});

describe("frames that ask for nothing", () => {
  it.each([
    ["PRIORITY", frame(FRAME.priority, 0, 3, Buffer.from([0, 0, 0, 0, 1]))],
    ["WINDOW_UPDATE", frame(FRAME.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1]))],
    ["PING", frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    ["SETTINGS", frame(FRAME.settings, 0, 0)],
    ["unknown frames", frame(0x77, 0, 0)],
  ])("%s without end cost the connection, and others are answered", async (_what, one) => {
    const port = await grpcPort();
    const flood = Buffer.concat(Array.from({ length: 5_000 }, () => one));
    const hostile = peer(port);
    let open = true;
    void ended(hostile).then(() => {
      open = false;
    });
    hostile.write(connectionPreface());
    const more = (): void => {
      if (open) hostile.write(flood, () => setImmediate(more));
    };
    more();
    expect(await exports()).toBeUndefined();
    await eventually("the end of the flood", async () => (open ? undefined : true));
    expect(await exports()).toBeUndefined();
  });

  it("calls that are reset at once cost the connection, and others are answered", async () => {
    const port = await grpcPort();
    const call = Buffer.concat([
      Buffer.from([0x83, 0x86]),
      literal(":path", EXPORT_PATH),
      literal(":authority", "localhost"),
      literal("content-type", "application/grpc"),
    ]);
    const cancel = Buffer.from([0, 0, 0, 8]);
    const hostile = peer(port);
    let open = true;
    void ended(hostile).then(() => {
      open = false;
    });
    hostile.write(connectionPreface());
    let id = 1;
    const more = (): void => {
      const calls: Buffer[] = [];
      for (const end = id + 1_000; id < end; id += 2) {
        calls.push(frame(FRAME.headers, 4, id, call), frame(FRAME.reset, 0, id, cancel));
      }
      if (open) hostile.write(Buffer.concat(calls), () => setImmediate(more));
    };
    more();
    expect(await exports()).toBeUndefined();
    await eventually("the end of the flood", async () => (open ? undefined : true));
    expect(await exports()).toBeUndefined();
    expect(rig?.inFlight.usedBytes).toBe(0);
  });

  it("are told from data: small messages and large ones go on", async () => {
    await grpcPort({ max_recv_msg_size_mib: 64 });
    const client = grpcClient((rig as ReceiverRig).grpc);
    const large = await grpcCall(client, EXPORT_PATH, new Uint8Array(40 * MIB));
    expect(large.error).toBeUndefined();
    for (let round = 0; round < 4; round++) {
      const small = Array.from({ length: 500 }, () => grpcCall(client, EXPORT_PATH, new Uint8Array(100)));
      for (const { error } of await Promise.all(small)) expect(error).toBeUndefined();
    }
    client.close();
  });
});
