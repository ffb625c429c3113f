/** Filters, classes, severities and headers by fields, against independent code: in both encoders. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogGroupList, type LogGroup } from '../../src/emulator/protocol/log-group-schema.ts';
import type { HeaderText } from '../../src/rules/header-text.ts';
import type { ClassRule, Condition, Rules } from '../../src/rules/rules.ts';
import { logGroups } from '../support/arbitraries/log-group-arbitraries.ts';
import { propertyRuns } from '../support/arbitraries/property-runs.ts';
import { encodeAll, encoderDefaults, leadWith, rawBody } from '../support/oracles/encode.ts';
import { encoders } from '../support/oracles/encoders.ts';
import { naiveDefaults, naiveLogs, naiveText } from '../support/oracles/naive-formatter.ts';
import { bytes } from '../support/oracles/naive-rows.ts';
import { naiveDecision, naiveHeaderText, naiveSeen } from '../support/oracles/naive-rules.ts';
import { octetCountingDeframer } from '../support/receivers/deframe.ts';

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const names = [
  'status',
  'level',
  'é',
  '',
  '__topic__',
  '__source__',
  '__time_ns_part__',
  '__tag__:host',
  '__tag__:',
  'host',
];
const values = [
  '',
  '5',
  '500',
  '502.5',
  '+7',
  '-3',
  '1e3',
  '5.',
  '.5',
  '500\n',
  'error',
  'warn',
  '/healthz',
  'é',
  '\xff',
  '9'.repeat(33),
];

const name = fc.constantFrom(...names);
const value = fc.oneof(fc.constantFrom(...values).map(bytes), fc.uint8Array({ maxLength: 3 }));

/** Logs with few names and values, so that conditions hold now and then. */
const field = fc.record({ Key: name.map(utf8), Value: value });
const groups: fc.Arbitrary<LogGroup[]> = fc.array(
  fc.record(
    {
      Logs: fc.array(
        fc.record(
          {
            Time: fc.constantFrom(0, 1, 1_790_000_000),
            Contents: fc.array(field, { maxLength: 5 }),
            TimeNs: fc.constantFrom(0, 5, 500),
          },
          { requiredKeys: ['Time', 'Contents'] },
        ),
        { maxLength: 6 },
      ),
      Topic: value,
      Source: value,
      LogTags: fc.array(fc.record({ Key: fc.constantFrom('host', '', 'status').map(utf8), Value: value }), {
        maxLength: 2,
      }),
    },
    { requiredKeys: ['Logs', 'LogTags'] },
  ),
  { maxLength: 3 },
);

const bound = fc.constantFrom(undefined, -3, 5, 7, 500, 502.5);
const condition = fc.letrec<{ any: Condition; leaf: Condition }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.record({ kind: fc.constant('not' as const), of: tie('any') }),
    fc.record({ kind: fc.constantFrom('all' as const, 'any' as const), of: fc.array(tie('any'), { maxLength: 3 }) }),
  ),
  leaf: fc
    .tuple(
      name.map(utf8),
      fc.constantFrom('exists', 'in', 'prefix', 'suffix', 'contains', 'range', 'regex'),
      fc.array(value, { maxLength: 3 }),
      bound,
      bound,
    )
    .map(([of, kind, texts, min, max]): Condition => {
      const text = texts[0] ?? new Uint8Array(0);
      switch (kind) {
        case 'in':
          return { kind, field: of, values: texts };
        case 'prefix':
        case 'suffix':
        case 'contains':
          return { kind, field: of, text };
        case 'range':
          return {
            kind,
            field: of,
            ...(min !== undefined && { min }),
            ...((max !== undefined || min === undefined) && { max: max ?? 9 }),
          };
        case 'regex':
          return { kind, field: of, matches: (tested) => tested.length % 2 === text.length % 2, source: '' };
        default:
          return { kind: 'exists', field: of };
      }
    }),
})).any;

const rulesOf = fc.record(
  {
    filters: fc.array(
      condition.map((keep) => ({ name: 'f', keep })),
      { maxLength: 3 },
    ),
    classes: fc.array(
      fc.record(
        {
          when: condition,
          facility: fc.nat(23),
          severity: fc.nat(7),
          appName: fc.constantFrom('waf', 'a b', ''),
          msgId: fc.constantFrom('BLOCK', 'é'),
        },
        { requiredKeys: ['when'] },
      ) as fc.Arbitrary<ClassRule>,
      { maxLength: 3 },
    ),
    severityField: fc.record({
      field: name.map(utf8),
      severityOf: fc.constant((text: Uint8Array) => (text.length % 3 === 0 ? undefined : text.length % 8)),
    }),
  },
  { requiredKeys: ['filters', 'classes'] },
) as fc.Arbitrary<Rules>;

const headerText: fc.Arbitrary<HeaderText> = fc.oneof(
  fc.constantFrom('h', '', 'a b'),
  fc.array(
    fc.oneof(
      fc.constantFrom('-', 'x y', 'z'.repeat(30)),
      fc.record({ field: name.map(utf8), orElse: fc.constantFrom('none', '') }, { requiredKeys: ['field'] }),
    ),
    { maxLength: 3 },
  ),
);

describe.each(encoders)('the $kind encoder', ({ createEncoder }) => {
  it('drops, classes and heads logs as independent code does', () => {
    fc.assert(
      fc.property(
        fc.oneof({ weight: 4, arbitrary: groups }, logGroups),
        fc.option(rulesOf, { nil: undefined }),
        fc.record({ hostname: headerText, appName: headerText, procId: headerText, msgId: headerText }),
        (batch, rules, texts) => {
          const encoder = createEncoder({
            ...encoderDefaults,
            ...(rules && { rules }),
            lead: leadWith({ ...texts, identity: { enterpriseId: 1 } }),
          });
          const origin = { project: 'p', logstore: 'l', shard: 0, cursor: 'c' };
          const { bytes: frames, counts, error } = encodeAll(encoder, encodeLogGroupList(batch), origin);
          expect(error).toBeUndefined();

          const droppedBy = (rules?.filters ?? []).map(() => 0);
          const logs = naiveLogs(batch);
          const expected = logs.flatMap((log, index) => {
            const seen = naiveSeen(log);
            const decision = rules && naiveDecision(rules, seen);
            if (decision?.droppedBy !== undefined) {
              droppedBy[decision.droppedBy]!++;
              return [];
            }
            const { rule, severity } = decision ?? {};
            const priority = (rule?.facility ?? 1) * 8 + (severity ?? 6);
            const stamp = log.header(naiveDefaults).split(' ')[1];
            const head = [
              naiveHeaderText(texts.hostname, seen, 255),
              naiveHeaderText(rule?.appName ?? texts.appName, seen, 48),
              naiveHeaderText(texts.procId, seen, 128),
              naiveHeaderText(rule?.msgId ?? texts.msgId, seen, 32),
            ];
            const id = `[sls@1 project="p" logstore="l" shard="0" cursor="c" index="${index}"]`;
            return [`<${priority}>1 ${stamp} ${head.join(' ')} ${id} ${naiveText(log, naiveDefaults)}`];
          });
          expect(
            octetCountingDeframer()
              .push(frames)
              .map((message) => message.toString('latin1')),
          ).toEqual(expected);
          expect([...counts.droppedBy]).toEqual(droppedBy);
          expect(counts.dropped).toBe(droppedBy.reduce((sum, count) => sum + count, 0));
          expect(counts.logs).toBe(logs.length - counts.dropped);
        },
      ),
      propertyRuns(1500),
    );
  });

  it('gives the event loop its turn while it drops everything', () => {
    const nothing: Rules = { filters: [{ name: 'none', keep: { kind: 'any', of: [] } }], classes: [] };
    const Contents = [{ Key: utf8('k'), Value: new Uint8Array(1_000) }];
    const Logs = Array.from({ length: 4_000 }, () => ({ Time: 1, Contents }));
    const batch = createEncoder({ ...encoderDefaults, rules: nothing }).begin(
      rawBody(encodeLogGroupList([{ Logs, LogTags: [] }])),
    );
    let turns = 0;
    for (let chunk = batch.next(); chunk !== undefined; chunk = batch.next()) {
      expect(chunk.frameCount).toBe(0);
      chunk.release();
      turns++;
    }
    expect(turns).toBeGreaterThan(3);
    expect(batch.counts).toMatchObject({ logs: 0, dropped: 4_000, droppedBy: [4_000], frameBytes: 0 });
    batch.close();
  });
});
