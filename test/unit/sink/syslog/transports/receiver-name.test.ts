/** A receiver's name, in virtual time. What connections make of it: test/integration/receiver-moves.test.ts. */
import type { LookupFunction } from 'node:net';
import { expect } from 'vitest';
import { resolveOptions } from '../../../../../src/sink/syslog/link/options.ts';
import { ReceiverName } from '../../../../../src/sink/syslog/transports/receiver-name.ts';
import { createLogRecorder } from '../../../../support/receivers/sink-harness.ts';
import { useVirtualTime } from '../../../../support/virtual/virtual-time.ts';

const { it, time } = useVirtualTime();

type Answer = readonly string[] | 'fails' | 'hangs';

function nameOf(host = 'siem.test') {
  const { log, lines } = createLogRecorder();
  const dns: { answer: Answer; asked: number } = { answer: ['192.0.2.1'], asked: 0 };
  const lookup: LookupFunction = (name, _options, done) => {
    dns.asked++;
    const { answer } = dns;
    if (answer === 'hangs') return;
    if (answer === 'fails') done(Object.assign(new Error(`getaddrinfo EAI_AGAIN ${name}`), { code: 'EAI_AGAIN' }), []);
    else
      done(
        null,
        answer.map((address) => ({ address, family: 4 })),
      );
  };
  const options = resolveOptions({ protocol: 'udp', host, port: 514, clock: time.clock, tuning: { lookup } });
  const name = new ReceiverName(options, log);
  const addresses = async () => (await name.addresses()).map(({ address }) => address);
  return { name, addresses, dns, lines };
}

it('asks each time, and logs a change of the addresses, not of their order', async () => {
  const { addresses, dns, lines } = nameOf();
  dns.answer = ['192.0.2.1', '192.0.2.2'];
  expect(await addresses()).toEqual(['192.0.2.1', '192.0.2.2']);
  dns.answer = ['192.0.2.2', '192.0.2.1'];
  await addresses();
  expect(lines).toEqual([]);
  dns.answer = ['198.51.100.7'];
  expect(await addresses()).toEqual(['198.51.100.7']);
  expect(dns.asked).toBe(3);
  expect(lines).toEqual([
    {
      level: 'info',
      fields: { peer: 'udp://siem.test:514', before: ['192.0.2.1', '192.0.2.2'], now: ['198.51.100.7'] },
      message: 'the name of the receiver stands for other addresses than before',
    },
  ]);
});

it('tells of one change a minute where there is another at every look-up', async () => {
  const { addresses, dns, lines } = nameOf();
  for (let at = 1; at <= 61; at++) {
    dns.answer = [`192.0.2.${at}`];
    await addresses();
    await time.clock.sleep(2_000);
  }
  expect(lines.filter(({ level }) => level === 'info')).toHaveLength(2);
  expect(lines.filter(({ level }) => level === 'debug')).toHaveLength(58);
});

it.each(['fails', 'hangs'] as const)(
  'keeps the last addresses when a look-up %s, and says so once',
  async (trouble) => {
    const { addresses, dns, lines } = nameOf();
    await addresses();
    dns.answer = trouble;
    for (let at = 0; at < 3; at++) expect(await addresses()).toEqual(['192.0.2.1']);
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: the name of the receiver cannot be looked up; going on with the addresses that it had',
    ]);
    const code = trouble === 'fails' ? 'eai-again' : 'dns-timeout';
    expect(lines[0]?.fields).toMatchObject({ code, addresses: ['192.0.2.1'] });
    await time.clock.sleep(10_000);
    dns.answer = ['198.51.100.7'];
    expect(await addresses()).toEqual(['198.51.100.7']);
    const again = lines.find(({ message }) => message === 'the name of the receiver can be looked up again');
    expect(again?.fields.failedForMs).toBeGreaterThanOrEqual(10_000);
  },
);

it.each([
  ['fails' as const, 'eai-again'],
  ['hangs' as const, 'dns-timeout'],
  [[], 'enotfound'],
])('fails while the name was never known, and the look-up says %j', async (answer, code) => {
  const { name, dns } = nameOf();
  dns.answer = answer;
  await expect(name.addresses()).rejects.toMatchObject({ code, action: 'retry' });
});

it('gives up with the signal’s reason', async () => {
  const { name, dns } = nameOf();
  dns.answer = 'hangs';
  const stop = new AbortController();
  const asked = name.addresses(stop.signal);
  stop.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
});

it('looks nothing up where the host is an address', async () => {
  const { addresses, dns } = nameOf('2001:db8::1');
  expect(await addresses()).toEqual(['2001:db8::1']);
  expect(dns.asked).toBe(0);
});
