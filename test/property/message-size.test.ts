import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/core/errors.ts';
import { buildEncoder } from '../../src/pipeline/build.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { load } from '../support/daemons/config.ts';
import { encoders } from '../support/oracles/encoders.ts';

const header = fc.record({
  hostname: fc.oneof(
    fc.integer({ min: 1, max: 255 }).map((length) => 'h'.repeat(length)),
    fc.constant('{host|unknown}'),
  ),
  tag: fc.oneof(
    fc.integer({ min: 1, max: 48 }).map((length) => 't'.repeat(length)),
    fc.constant('{app}'),
  ),
  procid: fc.integer({ min: 0, max: 128 }).map((length) => 'p'.repeat(length)),
  msgid: fc.integer({ min: 0, max: 32 }).map((length) => 'm'.repeat(length)),
  timezone: fc.constantFrom('utc', 'Asia/Shanghai'),
  ruleTag: fc.integer({ min: 0, max: 48 }).map((length) => 'r'.repeat(length)),
});
const names = fc.record({
  project: fc.integer({ min: 3, max: 63 }),
  logstore: fc.integer({ min: 2, max: 128 }),
});

test.each(encoders)(
  'a message size that the configuration accepts is one that the $kind encoder can work with',
  ({ kind }) => {
    const outcomes = { accepted: 0, refused: 0, refusedWithoutIdentity: 0 };
    const size = fc.oneof(fc.integer({ min: 480, max: 500 }), fc.integer({ min: 480, max: 900 }));
    fc.assert(
      fc.property(names, header, fc.boolean(), size, (lengths, { ruleTag, ...texts }, identity, maxMessageBytes) => {
        const environment = {
          SLS_PROJECT: 'p'.repeat(lengths.project),
          SLS_LOGSTORE: 'l'.repeat(lengths.logstore),
          SYSLOG_HOSTNAME: texts.hostname,
          SYSLOG_TAG: texts.tag,
          SYSLOG_PROCID: texts.procid,
          SYSLOG_MSGID: texts.msgid,
          SYSLOG_TIMEZONE: texts.timezone,
          SYSLOG_TIME_PRECISION: '6',
          SYSLOG_RULES: ruleTag && `{when: {field: a, exists: true}, tag: ${ruleTag}}`,
          SYSLOG_FACILITY: 'local7',
          SYSLOG_SEVERITY: 'debug',
          SYSLOG_IDENTITY: String(identity),
          ...(identity && { SYSLOG_ENTERPRISE_ID: '4294967295' }),
          SYSLOG_MAX_MESSAGE_BYTES: `${maxMessageBytes}B`,
          SLS_SYSLOG_ENCODER: kind,
        };
        try {
          const { config } = load(environment);
          const { project, logstore } = config.service;
          const nothing = { bytes: new Uint8Array(0), compression: 'none', rawSize: 0 } as const;
          const origin = { project, logstore, shard: 2 ** 31 - 1, cursor: 'c'.repeat(128) };
          buildEncoder(config).begin(nothing, origin).close();
          outcomes.accepted++;
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          expect(error.problems.map(({ path }) => path)).toEqual(['max-message-bytes']);
          outcomes.refused++;
          if (!identity) outcomes.refusedWithoutIdentity++;
        }
      }),
      propertyRuns(300, 100),
    );
    expect(outcomes.accepted).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(20);
    expect(outcomes.refusedWithoutIdentity).toBeGreaterThan(0);
  },
);
