import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { createFormat } from '../../src/format/registry.ts';
import { load } from '../support/config.ts';
import { encoders } from '../support/encoders.ts';
import { propertyRuns } from '../support/property-runs.ts';

const names = fc.record({
  hostname: fc.integer({ min: 1, max: 255 }),
  tag: fc.integer({ min: 1, max: 48 }),
  project: fc.integer({ min: 3, max: 63 }),
  logstore: fc.integer({ min: 2, max: 128 }),
});

test.each(encoders)(
  'a message size that the configuration accepts is one that the $kind encoder can work with',
  ({ createEncoder }) => {
    const outcomes = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(names, fc.boolean(), fc.integer({ min: 480, max: 900 }), (lengths, identity, maxMessageBytes) => {
        const environment = {
          SLS_PROJECT: 'p'.repeat(lengths.project),
          SLS_LOGSTORE: 'l'.repeat(lengths.logstore),
          SYSLOG_HOSTNAME: 'h'.repeat(lengths.hostname),
          SYSLOG_TAG: 't'.repeat(lengths.tag),
          SYSLOG_IDENTITY: String(identity),
          ...(identity && { SYSLOG_ENTERPRISE_ID: '4294967295' }),
          SYSLOG_MAX_MESSAGE_BYTES: `${maxMessageBytes}B`,
        };
        try {
          const { service, message } = load(environment).config;
          const { rfc, hostname, tag: appName } = message;
          const encoder = createEncoder({
            format: createFormat(message.format),
            header: { rfc, facility: 23, severity: 7, hostname, appName },
            framing: 'octet-counting',
            maxMessageBytes: message.maxMessageBytes,
            ...(message.identity && { identity: message.identity }),
          });
          const { project, logstore } = service;
          const nothing = { bytes: new Uint8Array(0), compression: 'none', rawSize: 0 } as const;
          encoder.begin(nothing, { project, logstore, shard: 2 ** 31 - 1, cursor: 'c'.repeat(128) }).close();
          outcomes.accepted++;
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect(identity).toBe(true);
          outcomes.refused++;
        }
      }),
      propertyRuns(300),
    );
    expect(outcomes.accepted).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(20);
  },
);
