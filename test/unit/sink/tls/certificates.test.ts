import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createExpiryWatch, fingerprintOf, parseFingerprint } from '../../../../src/sink/tls/certificates.ts';
import { createAuthority, issue } from '../../../support/receivers/certificates.ts';
import { createLogRecorder } from '../../../support/receivers/sink-harness.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const hex = 'ab'.repeat(32);
const colons = hex.toUpperCase().match(/../g)!.join(':');

describe('parseFingerprint', () => {
  it.each([hex, hex.toUpperCase(), colons, `sha256:${colons}`, `SHA256:${hex}`, `sha-256:${colons}`, ` ${colons}\n`])(
    'takes %j',
    (text) => {
      expect(parseFingerprint(text)).toBe(hex);
    },
  );

  it.each(['', 'sha256:', hex.slice(1), `${hex}0`, `sha1:${hex.slice(24)}`, `sha1:${hex}`, `${hex.slice(1)}g`])(
    'refuses %j',
    (text) => {
      expect(parseFingerprint(text)).toBeUndefined();
    },
  );
});

describe('the expiry watch', () => {
  it('speaks from 30 days before on, once a day for each certificate, and of an expired one', async () => {
    const authority = await createAuthority('CA');
    const notAfter = new Date(Math.floor(Date.now() / 1000) * 1000 + 100 * DAY_MS);
    const { cert, fingerprint } = await issue(authority, { commonName: 'a', notAfter });
    const certificate = new X509Certificate(cert);
    const other = new X509Certificate((await issue(authority, { commonName: 'b', notAfter })).cert);
    expect(fingerprintOf(certificate)).toBe(parseFingerprint(fingerprint));
    const { log, lines } = createLogRecorder();
    let nowMs = 0;
    const watch = createExpiryWatch(() => nowMs, log);
    const daysBefore = (days: number) => {
      nowMs = notAfter.getTime() - days * DAY_MS;
      watch.receivers(certificate);
      return lines.splice(0).map(({ message }) => message);
    };
    expect(daysBefore(30)).toEqual([]);
    expect(daysBefore(29.5)).toEqual([expect.stringMatching(/certificate expires in 29 days/)]);
    expect(daysBefore(29)).toEqual([]);
    watch.receivers(other);
    expect(lines.splice(0)).toMatchObject([{ level: 'warn', fields: { subject: expect.stringMatching(/^CN=b/) } }]);
    expect(daysBefore(28.5)).toEqual([expect.stringMatching(/expires in 28 days/)]);
    expect(daysBefore(-1)).toEqual([expect.stringMatching(/has expired/)]);
  });
});
