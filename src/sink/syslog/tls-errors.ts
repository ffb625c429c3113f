/** What OpenSSL, and through its alerts the peer, say about a TLS connection, in words that tell what to do. */
import { AppError } from '../../errors.ts';
import { errorCode, networkError } from './network-errors.ts';

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
  text: 'no common TLS version: the receiver has to offer TLS 1.2 or 1.3',
};

/** By Node's codes: `ERR_SSL_` and OpenSSL's reason; alerts came from the peer. */
const reasons: Readonly<Record<string, Reason>> = {
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: clientCertificateRequired,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: {
    code: 'tls-handshake-refused',
    text: 'the receiver refused the handshake: it wants a client certificate (--cert, --key), or no cipher is common',
  },
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: clientCertificateRefused,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: clientCertificateRefused,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: clientCertificateRefused,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: clientCertificateRefused,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: clientCertificateRefused,
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: clientCertificateRefused,
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: clientCertificateRefused,
  ERR_SSL_UNSUPPORTED_PROTOCOL: versionRefused,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: versionRefused,
  ERR_SSL_WRONG_VERSION_NUMBER: {
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
  const code = errorCode(thrown);
  return say(code === undefined ? undefined : reasons[code], thrown);
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
