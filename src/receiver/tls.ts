/** A server with a certificate: of TLS, or of what speaks over it. */
import type { TlsOptions } from 'node:tls';
import { AppError } from '../core/errors.ts';
import type { ReceiverTlsOptions } from './listener.ts';

/** @throws AppError with code `receiver-options`: the certificate and the key cannot be used */
export function createWithCertificate<T>(
  { cert, key, clientCa }: ReceiverTlsOptions,
  create: (options: TlsOptions) => T,
): T {
  const client = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  try {
    return create({ cert, key, ...client, minVersion: 'TLSv1.2' });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new AppError(
      `the certificate and the key cannot be used: both have to be PEM, and belong together (${said})`,
      { code: 'receiver-options', action: 'fatal', cause: error },
    );
  }
}
