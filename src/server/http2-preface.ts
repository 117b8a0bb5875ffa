/** What Node tells of bytes that are no HTTP/1.1. */
export interface ClientError {
  readonly code?: string;
  readonly rawPacket?: Uint8Array;
}

/** First line of every HTTP/2 connection (RFC 9113 §3.4). */
const PREFACE = "PRI * HTTP/2.0";

export function isHttp2Preface({ rawPacket }: ClientError): boolean {
  return rawPacket !== undefined && Buffer.from(rawPacket.subarray(0, PREFACE.length)).toString("latin1") === PREFACE;
}

const FRAME = { settings: 4, goAway: 7 } as const;
/** HTTP_1_1_REQUIRED (RFC 9113 §7). */
const HTTP11_REQUIRED = 13;

/** An HTTP/2 server's first words that are its last: empty SETTINGS, and GOAWAY with the reason as its debug data. */
export function goAway(reason: string): Buffer {
  const code = Buffer.alloc(8);
  code.writeUInt32BE(HTTP11_REQUIRED, 4);
  return Buffer.concat([
    frame(FRAME.settings, Buffer.alloc(0)),
    frame(FRAME.goAway, Buffer.concat([code, Buffer.from(reason)])),
  ]);
}

function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  return Buffer.concat([header, payload]);
}
