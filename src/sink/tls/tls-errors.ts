/** What OpenSSL, and through its alerts the peer, say about a TLS connection, in words that tell what to do. */
import { AppError } from '../../core/errors.ts';
import { errorCode, networkError } from '../network-errors.ts';

interface Reason {
  readonly code: string;
  readonly text: string;
}

const clientCertificateRequired: Reason = {
  code: 'tls-client-certificate-required',
  text: 'the receiver wants a client certificate; give one with --cert and --key',
};

const clientCertificateRefused: Reason = {
  code: 'tls-client-certificate-refused',
  text: 'the receiver does not accept our client certificate (--cert); check its authority, dates and name there',
};

const versionRefused: Reason = {
  code: 'tls-version',
  text: 'no common TLS version: the receiver has to offer TLS 1.2 or 1.3, and not less than --tls-min-version (or a --tls-min-v1.3 of Node) asks for',
};

/** By OpenSSL's reason, as `reasonOf` gives it; alerts came from the peer. */
const reasons: Readonly<Record<string, Reason>> = {
  ALERT_CERTIFICATE_REQUIRED: clientCertificateRequired,
  ALERT_HANDSHAKE_FAILURE: {
    code: 'tls-handshake-refused',
    text: 'the receiver refused the handshake: it wants a client certificate (--cert, --key), or none of its ciphers is offered (--tls-ciphers; by default only those with forward secrecy and authenticated encryption), or it wanted to renegotiate, which is not done',
  },
  ALERT_UNKNOWN_CA: clientCertificateRefused,
  ALERT_BAD_CERTIFICATE: clientCertificateRefused,
  ALERT_CERTIFICATE_EXPIRED: clientCertificateRefused,
  ALERT_CERTIFICATE_REVOKED: clientCertificateRefused,
  ALERT_CERTIFICATE_UNKNOWN: clientCertificateRefused,
  ALERT_UNSUPPORTED_CERTIFICATE: clientCertificateRefused,
  ALERT_ACCESS_DENIED: clientCertificateRefused,
  UNSUPPORTED_PROTOCOL: versionRefused,
  ALERT_PROTOCOL_VERSION: versionRefused,
  WRONG_VERSION_NUMBER: {
    code: 'tls-not-tls',
    text: 'the receiver does not speak TLS on this port; check --port, or use --proto tcp',
  },
};

const disconnected: Reason = {
  code: 'tls-handshake-closed',
  text: 'the receiver closed the connection during the TLS handshake; check that it speaks TLS on this port',
};

/** An error of a TLS socket that was up. */
export function tlsError(thrown: unknown): AppError {
  return say(reasons[reasonOf(thrown)], thrown);
}

/**
 * Node's code is `ERR_SSL_` and OpenSSL's reason. Alerts have a protocol in front, which differs by OpenSSL's version:
 * `SSLV3_ALERT_HANDSHAKE_FAILURE` up to 3.1 (Node 20), `SSL/TLS_ALERT_HANDSHAKE_FAILURE` later (Node 26).
 */
function reasonOf(thrown: unknown): string {
  return (errorCode(thrown) ?? '').replace(/^ERR_SSL_/, '').replace(/^(SSLV3|TLSV1|TLSV13|SSL\/TLS)_(?=ALERT_)/, '');
}

/** An error before it was up. */
export function handshakeError(thrown: unknown): AppError {
  const code = errorCode(thrown);
  return code === 'ECONNRESET' || code === 'EPIPE' ? say(disconnected, thrown) : tlsError(thrown);
}

function say(reason: Reason | undefined, thrown: unknown): AppError {
  if (reason === undefined) return networkError(thrown);
  const said = thrown instanceof Error ? thrown.message.trim() : String(thrown);
  return new AppError(`${reason.text} (${said})`, { code: reason.code, action: 'retry', cause: thrown });
}
