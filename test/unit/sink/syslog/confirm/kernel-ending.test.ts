import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { afterEach, describe, expect, it as itReally } from 'vitest';
import { systemClock } from '../../../../../src/core/time/clock.ts';
import { systemNetwork } from '../../../../../src/sink/network.ts';
import { type ConnectionEnds, ConnectionList } from '../../../../../src/sink/syslog/confirm/connection-list.ts';
import { KernelEnding } from '../../../../../src/sink/syslog/confirm/kernel-ending.ts';
import { listen, never } from '../../../../support/receivers/sink-harness.ts';
import { useVirtualTime } from '../../../../support/virtual/virtual-time.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const isLinux = process.platform === 'linux';
describe.skipIf(!isLinux)(`the kernel's own list${isLinux ? '' : ' (skipped: only Linux shows it)'}`, () => {
  async function pair(host: string): Promise<{ near: Socket; far: Socket }> {
    const server = createServer({ allowHalfOpen: true });
    cleanups.push(() => server.close());
    const port = await listen(server, host);
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const near = connect({ host, port, allowHalfOpen: true });
    await once(near, 'connect');
    const [far] = await accepted;
    for (const socket of [near, far]) {
      socket.on('error', () => undefined);
      cleanups.push(() => socket.destroy());
    }
    return { near, far };
  }

  itReally.each(['127.0.0.1', '::1'])('tells an end from a reset, %s', async (host) => {
    for (const expected of ['acknowledged', 'lost']) {
      const { near, far } = await pair(host);
      const list = new ConnectionList(systemNetwork, () => expect.unreachable('the list shows everything'));
      const ending = new KernelEnding({ ends: near, clock: systemClock, list, isUp: () => true, isTls: false });
      await ending.waitForAcknowledgement(never);
      near.on('finish', () => ending.weEnded());
      near.resume().end('text');
      far.resume();
      await once(far, 'end');
      const told = ending.outcome(never);
      if (expected === 'lost') far.resetAndDestroy();
      else far.end();
      expect(await told).toBe(expected);
    }
  });

  itReally('finds the end of a peer on this machine that has an IPv6 socket', async () => {
    const server = createServer();
    cleanups.push(() => server.close());
    const port = await listen(server, '::');
    const near = connect({ host: '127.0.0.1', port });
    cleanups.push(() => near.destroy());
    await Promise.all([once(near, 'connect'), once(server, 'connection')]);
    const { ours, theirs } = await new ConnectionList(systemNetwork, () => undefined).look(near);
    expect([ours?.state, theirs?.state]).toEqual(['01', '01']);
  });
});

const { it, time } = useVirtualTime();
const le = endianness() === 'LE';
const four: ConnectionEnds = {
  localAddress: '10.0.0.7',
  localPort: 40_000,
  remoteAddress: '192.0.2.1',
  remotePort: 6514,
};
const fourListed = le ? '0700000A:9C40 010200C0:1972' : '0A000007:9C40 C0000201:1972';
const six: ConnectionEnds = {
  localAddress: 'fe80::1%eth0',
  localPort: 1,
  remoteAddress: '2001:db8::ff00:42:8329',
  remotePort: 514,
};
const sixListed = le
  ? '000080FE000000000000000001000000:0001 B80D01200000000000FF000029834200:0202'
  : 'FE800000000000000000000000000001:0001 20010DB8000000000000FF0000428329:0202';

/** A kernel whose list has ours, and theirs, in these states, one look after another: `state` or `state:unacknowledged`. */
interface Kernel {
  readonly ours: readonly string[];
  readonly theirs?: readonly string[];
  readonly waiting?: number;
  readonly most?: number;
  readonly isTls?: boolean;
  readonly roundTripMs?: number;
  readonly ends?: ConnectionEnds;
  readonly missing?: string;
}

function turned(ends: string): string {
  return ends.split(' ').toReversed().join(' ');
}

class FakeKernel {
  readonly asked: string[] = [];
  unusable = 0;
  readonly ending: KernelEnding;
  readonly #given: Kernel;
  readonly #left: { ours: string[]; theirs: string[] };

  constructor(given: Kernel, isUp = () => true) {
    this.#given = given;
    this.#left = { ours: [...given.ours], theirs: [...(given.theirs ?? [''])] };
    const list = new ConnectionList({ readKernelFile: (path) => this.#read(path) }, () => this.unusable++);
    const { ends = four, isTls = false, roundTripMs = 0 } = given;
    this.ending = new KernelEnding({ ends, clock: time.clock, list, isUp, isTls, roundTripMs });
  }

  /** What is told of a peer that ends its side some time after ours. */
  async outcome(afterMs = 20, signal: AbortSignal = never): Promise<string> {
    await this.ending.waitForAcknowledgement(signal);
    this.ending.weEnd();
    this.ending.weEnded();
    await time.sleep(afterMs);
    return this.ending.outcome(signal);
  }

  async #read(path: string): Promise<string> {
    this.asked.push(path);
    const { ends = four, waiting = 10, most = 1_000, missing } = this.#given;
    if (path === missing) throw new Error('ENOENT');
    if (path === '/proc/net/sockstat') return `sockets: used 9\nTCP: inuse 3 orphan 0 tw ${waiting} alloc 4 mem 1\n`;
    if (path === '/proc/sys/net/ipv4/tcp_max_tw_buckets') return `${most}\n`;
    const listed = ends === four ? fourListed : sixListed;
    return `  sl  local_address\n${line(listed, this.#next('ours'))}${line(turned(listed), this.#next('theirs'))}`;
  }

  #next(whose: 'ours' | 'theirs'): string {
    const left = this.#left[whose];
    return (left.length > 1 ? left.shift() : left[0]) ?? '';
  }
}

function line(ends: string, is: string): string {
  const [state, unacknowledged = '0'] = is.split(':');
  return state === ''
    ? ''
    : `   1: ${ends} ${state} ${Number(unacknowledged).toString(16).padStart(8, '0')}:00000000\n`;
}

describe('over TCP', () => {
  it.each([
    ['TIME_WAIT that stays is an end that is acknowledged', ['06'], 'acknowledged'],
    ['what is still to come is waited for', ['04', '05', '0B', '06'], 'acknowledged'],
    ['a reset takes TIME_WAIT away', ['05', '06', ''], 'lost'],
    ['a reset', ['05', '05', ''], 'lost'],
    ['both have ended before the first look, and a reset came', [''], 'lost'],
    ['the peer was the first to end', ['09', ''], 'lost'],
    ['the peer was the first to end, and has everything', ['08'], 'lost'],
    ['another connection has the port', ['01'], 'lost'],
  ])('%s', async (_, states, expected) => {
    for (const ends of [four, six]) {
      const kernel = new FakeKernel({ ours: ['01', ...states], ends });
      expect(await kernel.outcome()).toBe(expected);
      expect(kernel.asked).toContain(ends === four ? '/proc/net/tcp' : '/proc/net/tcp6');
      // Nothing was looked up before our end was out but whether the list shows it.
      expect(kernel.unusable).toBe(0);
    }
  });

  it('asks of a peer that answers at once, too', async () => {
    expect(await new FakeKernel({ ours: ['01', ''] }).outcome(0)).toBe('lost');
  });

  it('may be asked late: TIME_WAIT lasts', async () => {
    expect(await new FakeKernel({ ours: ['01', '06'] }).outcome(30_000)).toBe('acknowledged');
  });

  it('says so where the kernel keeps no more that are over', async () => {
    expect(await new FakeKernel({ ours: ['01', '05', ''], waiting: 950 }).outcome()).toBe('not-kept');
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const told = new FakeKernel({ ours: ['01', '05'] }).outcome(20, stop.signal);
    time.clock.timer(40, () => stop.abort(new Error('enough')));
    await expect(told).rejects.toThrow('enough');
  });
});

describe('over TLS', () => {
  const settled = ['01', '01', '01'];
  it.each([
    ['our end was the first', [...settled, '04', '06'], 'acknowledged'],
    ['our end was the first, and a reset came', [...settled, '04', ''], 'lost'],
    ['the peer’s end is here, and all of ours there', [...settled, '09:1'], 'acknowledged'],
    ['the peer’s end is here, and not all of ours there', [...settled, '09:25', '09:25', '09:1'], 'acknowledged'],
    ['the peer’s end is here, all of ours there, and a reset follows', ['01', '01:9', '09:1', ''], 'lost'],
    ['nothing was on its way, and the answer was prompt', [...settled, ''], 'acknowledged'],
    ['something was on its way until our end', ['01', '01:9', ''], 'lost'],
    ['the peer ended while something was on its way', ['01', '01:9', '08:9', ''], 'lost'],
  ])('of a peer that is remote: %s', async (_, ours, expected) => {
    expect(await new FakeKernel({ ours, isTls: true }).outcome()).toBe(expected);
  });

  it.each([
    [30, 'acknowledged'],
    [80, 'lost'],
  ])(
    'knows what is too early for an answer: a way of %s ms, and an end after 20 ms: %s',
    async (roundTripMs, expected) => {
      expect(await new FakeKernel({ ours: [...settled, ''], isTls: true, roundTripMs }).outcome(20)).toBe(expected);
    },
  );

  it('loses where a busy event loop has let time go by behind our end', async () => {
    const { ending } = new FakeKernel({ ours: [...settled, ''], isTls: true });
    await ending.waitForAcknowledgement(never);
    ending.weEnd();
    await time.sleep(21);
    ending.weEnded();
    expect(await ending.outcome(never)).toBe('lost');
  });

  it('puts our end off until nothing is on its way, and not for long', async () => {
    for (const [ours, atMostMs] of [
      [['01', '01:9', '01'], 60],
      [['01', '01:9'], 250],
    ] as const) {
      const startMs = time.clock.monotonic();
      await new FakeKernel({ ours, isTls: true }).ending.waitForAcknowledgement(never);
      expect(time.clock.monotonic() - startMs).toBeLessThan(atMostMs);
    }
  });

  it.each([
    ['its end is in TIME_WAIT', ['01', '01', '06'], 'acknowledged'],
    ['its end is waited for', ['01', '01', '05', '06'], 'acknowledged'],
    ['neither end is listed', ['01', '01', '', ''], 'lost'],
  ])('of a peer on this machine: %s', async (_, theirs, expected) => {
    expect(await new FakeKernel({ ours: ['01', '01', ''], theirs, isTls: true }).outcome()).toBe(expected);
  });
});

describe('a list that shows too little', () => {
  it.each([
    ['it does not exist', { ours: ['01'], missing: '/proc/net/tcp' }],
    ['it does not show what is over: gVisor', { ours: ['01'], missing: '/proc/net/sockstat' }],
    ['the kernel keeps nothing that is over', { ours: ['01'], most: 0 }],
  ])('leaves it to Node, and says so once: %s', async (_, given) => {
    const kernel = new FakeKernel(given);
    expect(await kernel.outcome()).toBe('unknown');
    expect(kernel.unusable).toBe(1);
  });

  it('is one that does not show what is up, three times', async () => {
    let told = 0;
    const list = new ConnectionList(
      { readKernelFile: async (path) => (path.endsWith('buckets') ? '9' : 'TCP: in 1 tw 1 alloc 1\n') },
      () => told++,
    );
    const readings = [];
    for (let i = 0; i < 4; i++) readings.push(await list.isUsable(four, () => true));
    expect(readings).toEqual([true, true, false, false]);
    expect(told).toBe(1);
  });

  it('is not doubted for a connection that is gone by then', async () => {
    const kernel = new FakeKernel({ ours: [''] }, () => false);
    expect(await kernel.outcome()).toBe('lost');
    expect(kernel.unusable).toBe(0);
  });
});
