import { connect } from "node:net";
import { connect as connectTls } from "node:tls";

/** How long a listener is given to show whether it speaks TLS, ms. */
const PROBE_MS = 2_000;
/** What OpenSSL says to bytes that are no TLS, by the version of Node. */
const NO_TLS = /^(?:ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST)$/;
const NO_TLS_TEXT = /wrong version number|packet length too long|http request/i;
const WANTS_CERTIFICATE = /ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE|ALERT_BAD_CERTIFICATE/;
const UNTRUSTED = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_UNTRUSTED)/;
const GONE = /^(?:ECONNRESET|EPIPE|EPROTO|HPE_)/;
const NOBODY = /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN)$/;

/**
 * Why no answer came from `url`, told apart by what can be done about it: nobody listens, plain HTTP and TLS met, a
 * certificate is not trusted or is another host's, or one is asked for. `base` is shown.
 */
export async function whyNoAnswer(url: URL, base: string, error: unknown): Promise<string> {
  const { code = "", message = String(error) } = error as { readonly code?: string; readonly message?: string };
  const reason = code === "" ? message : code;
  const secure = url.protocol === "https:";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `no collector answers at ${base} (${reason}): the host name ${url.hostname} is not known; check --url`;
  }
  if (secure && (NO_TLS.test(code) || (code === "EPROTO" && NO_TLS_TEXT.test(message)))) {
    return `${base} answers without TLS (${reason}): give it as --url ${base.replace(/^https/, "http")}`;
  }
  if (UNTRUSTED.test(code)) {
    return `${base} has a certificate of an authority that is not trusted here (${reason}): name the authority with --ca-file`;
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return `${base} has a certificate that is not valid now (${reason}): it needs a new one, or the clock is wrong`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `${base} has a certificate for other names (${message}): use one of them in --url`;
  }
  if (secure && (WANTS_CERTIFICATE.test(code) || /alert certificate required/i.test(message))) {
    return `${base} asks for a certificate of the client (${reason}): give one with --cert-file and --key-file`;
  }
  if (secure && GONE.test(code) && (await speaksHttp(url))) {
    return `${base} answers without TLS (${reason}): give it as --url ${base.replace(/^https/, "http")}`;
  }
  if (!secure && GONE.test(code) && (await speaksTls(url))) {
    return `${base} answers with TLS alone (${reason}): give it as --url ${base.replace(/^http/, "https")}`;
  }
  if (!NOBODY.test(code) && (await listens(url))) {
    return `${base} broke off without an answer (${reason}): something listens there; is it a collector's web UI?`;
  }
  return `no collector answers at ${base} (${reason}); start one with \`spanloom\` or name it with --url`;
}

/** Whether a handshake succeeds there, whatever the certificate. */
function speaksTls(url: URL): Promise<boolean> {
  return shows(connectTls({ ...placeOf(url), rejectUnauthorized: false }), "secureConnect");
}

/** Whether a plain request is answered there: a collector answers the beginning of TLS with an alert of its own. */
function speaksHttp(url: URL): Promise<boolean> {
  const socket = connect(placeOf(url));
  socket.once("connect", () => socket.write(`HEAD / HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`));
  return shows(socket, "data", (bytes: Buffer) => bytes.toString("latin1", 0, 7) === "HTTP/1.");
}

function listens(url: URL): Promise<boolean> {
  return shows(connect(placeOf(url)), "connect");
}

function placeOf(url: URL): { readonly host: string; readonly port: number } {
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

/** Whether this comes of a connection, as it should be, before its end or PROBE_MS. */
function shows(
  socket: ReturnType<typeof connect>,
  event: string,
  isIt: (bytes: Buffer) => boolean = () => true,
): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (answer: boolean) => {
      resolve(answer);
      socket.destroy();
    };
    socket.setTimeout(PROBE_MS, () => end(false));
    socket.once(event, (bytes: Buffer) => end(isIt(bytes)));
    socket.on("error", () => end(false));
    socket.once("close", () => end(false));
  });
}
