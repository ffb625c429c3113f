/**
 * The default text against what the official sample builds, byte for byte. The golden file is made by the sample's own
 * code (test/golden/vendor-text.py, with aliyun-log-python-sdk 3e3a611, of June 2026).
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { encodeLogGroupList, type LogField } from '../../../../src/emulator/protocol/log-group-schema.ts';
import { createKeyValueFormat } from '../../../../src/format/formats/key-value.ts';
import { encodeAll, encoderDefaults } from '../../../support/oracles/encode.ts';
import { encoders } from '../../../support/oracles/encoders.ts';
import { octetCountingDeframer } from '../../../support/receivers/deframe.ts';

type Pair = readonly [key: string, value: string];

interface Group {
  readonly topic: string;
  readonly source: string;
  readonly tags: readonly Pair[];
  readonly logs: readonly { readonly time: number; readonly timeNs?: number; readonly contents: readonly Pair[] }[];
}

const golden = (file: string): string => readFileSync(new URL(`../../../golden/${file}`, import.meta.url), 'utf8');
const groups = JSON.parse(golden('vendor-text.logs.json')) as Group[];
/** Where a log has nanoseconds, a comma too many makes a Python tuple of them; the number is what was meant. */
const theirs = golden('vendor-text.txt').replace(/__time_ns_part__=\('(\d+)',\)/g, '__time_ns_part__=$1');

it.each(encoders)('the $kind encoder with --escape none writes what the sample writes', ({ createEncoder }) => {
  const encoder = createEncoder({ ...encoderDefaults, format: createKeyValueFormat({ escape: 'none' }) });
  const field = ([key, value]: Pair): LogField => ({ Key: Buffer.from(key), Value: Buffer.from(value) });
  const raw = encodeLogGroupList(
    groups.map((group) => ({
      Topic: Buffer.from(group.topic),
      Source: Buffer.from(group.source),
      LogTags: group.tags.map(field),
      Logs: group.logs.map(({ time, timeNs, contents }) => ({
        Time: time,
        ...(timeNs !== undefined && { TimeNs: timeNs }),
        Contents: contents.map(field),
      })),
    })),
  );
  const encoded = encodeAll(encoder, raw);
  expect(encoded.error).toBeUndefined();
  const messages = octetCountingDeframer().push(encoded.bytes);
  const texts = messages.map((message) => message.toString().replace(/^<14>1 \S+ host app - - - /, ''));
  expect(`${texts.join('\n')}\n`).toBe(theirs);
  expect(texts).toHaveLength(6);
});
