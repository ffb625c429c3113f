/** The host and the kernel read the same numbers in the same way. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { assemblyInterface } from '../../../scripts/kernel-interface.ts';
import { createEncoderParts } from '../../../src/encode/encoder-parts.ts';
import type { EncoderOptions } from '../../../src/encode/frame/encoder-options.ts';
import { createReferenceEncoder } from '../../../src/encode/reference-encoder.ts';
import { createFormat } from '../../../src/format/registry.ts';
import { checksumOf, interfaceChecksum } from '../../../src/kernel/interface/checksum.ts';
import { Op } from '../../../src/kernel/interface/enumerations.ts';
import { records } from '../../../src/kernel/interface/records.ts';
import { checkInterface, Kernel } from '../../../src/kernel/kernel.ts';
import { KernelBatch } from '../../../src/kernel/kernel-batch.ts';
import { createKernelEncoder } from '../../../src/kernel/kernel-encoder.ts';
import { NameRecords } from '../../../src/kernel/name-records.ts';
import { isPossible } from '../../../src/kernel/plan.ts';
import { fieldName } from '../../../src/rules/field-name.ts';
import type { FieldSelection } from '../../../src/rules/field-selection.ts';
import { encodeAll, encoderDefaults, rawBody } from '../../support/oracles/encode.ts';
import { content, group, log, logTag, source, time, topic } from '../../support/service/wire.ts';

const raw = group(
  log(time(1), content('a', 'v')),
  topic('t'),
  source('192.0.2.1'),
  logTag('a', 'forged'),
  log(time(2), content('b', 'c')),
);

/** The topic and a tag under one other name, of which the topic counts; and no source. */
const topicAsX: FieldSelection = (name) => {
  const text = Buffer.from(name).toString();
  return text === '__source__' ? 'drop' : text === '__topic__' || text === '__tag__:a' ? Buffer.from('x') : 'keep';
};

afterEach(() => vi.restoreAllMocks());

describe('the interface', () => {
  it('is what the kernel was built with', () => {
    const generated = new URL('../../../src/kernel/assembly/base/interface.ts', import.meta.url);
    expect(readFileSync(generated, 'utf8')).toBe(assemblyInterface());
  });

  it('has another checksum when two fields change places', () => {
    const { topicStamp, sourceStamp, ...others } = records.plan;
    const swapped = { ...records, plan: { ...others, sourceStamp, topicStamp } };
    expect(checksumOf(swapped)).not.toBe(checksumOf(records));
    expect(() => checkInterface(interfaceChecksum + 1)).toThrow(
      'kernel.wasm is of another build than the code around it',
    );
    expect(() => checkInterface(interfaceChecksum | 0)).not.toThrow();
  });
});

describe('a mistake on the host’s side', () => {
  it('shows: stamps of topic and source that have changed places', () => {
    const options: EncoderOptions = {
      ...encoderDefaults,
      format: createFormat({ format: 'json' }),
      fields: topicAsX,
    };
    const reference = encodeAll(createReferenceEncoder(options), raw).bytes.toString();
    expect(encodeAll(createKernelEncoder(options), raw).bytes.toString()).toBe(reference);
    const { get } = Object.getOwnPropertyDescriptor(NameRecords.prototype, 'ownStamps') as { get: () => object };
    vi.spyOn(NameRecords.prototype, 'ownStamps', 'get').mockImplementation(function (this: NameRecords) {
      const { topic: ofTopic, source: ofSource, timeNs } = get.call(this) as NameRecords['ownStamps'];
      return { topic: ofSource, source: ofTopic, timeNs };
    });
    expect(encodeAll(createKernelEncoder(options), raw).bytes.toString()).not.toBe(reference);
  });

  it('ends the kernel’s work: an instruction that it does not know', () => {
    const field = fieldName.parse('a');
    const options: EncoderOptions = {
      ...encoderDefaults,
      rules: { filters: [{ name: 'f', keep: { kind: 'exists', field } }], classes: [] },
    };
    const parts = createEncoderParts(options);
    if (!isPossible(parts)) throw new Error('the kernel writes this');
    const kernel = new Kernel(parts);
    const { words } = kernel.memory;
    const isInstruction = (at: number) =>
      words[at] === Op.exists && words[at + 1] === 0 && words[at + 2]! > 1024 && words[at + 3]! > 1024;
    const [found, ...others] = [...words.keys()].filter(isInstruction);
    expect([typeof found, others]).toEqual(['number', []]);
    words[found!] = Object.keys(Op).length;
    const batch = new KernelBatch({
      kernel,
      reference: createReferenceEncoder(options),
      id: 1,
      loaded: kernel.load(rawBody(raw)),
      rawBytes: raw.length,
      identity: undefined,
      origin: undefined,
    });
    expect(() => batch.next()).toThrow('unreachable');
  });
});
