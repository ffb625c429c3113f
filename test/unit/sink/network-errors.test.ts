import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { networkError } from '../../../src/sink/network-errors.ts';
import { handshakeError, tlsError } from '../../../src/sink/tls/tls-errors.ts';

const coded = (code: string, message: string) => Object.assign(new Error(message), { code });

describe('networkError', () => {
  it('says what to look at, and keeps what the system said', () => {
    const error = networkError(coded('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:514'));
    expect(error).toMatchObject({ code: 'econnrefused', action: 'retry' });
    expect(error.message).toBe(
      'connection refused: nothing listens there; check the port, and that the receiver runs (connect ECONNREFUSED 10.0.0.1:514)',
    );
  });

  it('lists every address that was tried', () => {
    const error = networkError(
      new AggregateError([coded('ECONNREFUSED', 'connect ECONNREFUSED ::1:514'), coded('ETIMEDOUT', 'timed out')]),
    );
    expect(error.message).toMatch(/\(connect ECONNREFUSED ::1:514; timed out\)$/);
    expect(error.code).toBe('econnrefused');
  });

  it('keeps what it does not know, and what is classified already', () => {
    expect(networkError(coded('EWHATEVER', 'odd'))).toMatchObject({ code: 'ewhatever', message: 'odd' });
    expect(networkError('thrown')).toMatchObject({ code: 'connection', message: 'thrown', action: 'retry' });
    const known = new AppError('known', { code: 'known', action: 'retry' });
    expect(networkError(known)).toBe(known);
  });
});

describe('tlsError', () => {
  it('names the client certificate where the alert says so', () => {
    const alert = coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'alert 116');
    expect(tlsError(alert).message).toMatch(/give one with --cert and --key \(alert 116\)$/);
    expect(tlsError(coded('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'alert 48')).code).toBe('tls-client-certificate-refused');
  });

  it('takes a reset for a reset, but during the handshake for a sign that nobody speaks TLS there', () => {
    const reset = coded('ECONNRESET', 'read ECONNRESET');
    expect(tlsError(reset).code).toBe('econnreset');
    expect(handshakeError(reset)).toMatchObject({ code: 'tls-handshake-closed' });
  });
});
