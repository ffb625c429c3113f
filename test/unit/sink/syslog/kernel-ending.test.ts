import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { afterEach, describe, expect, it as itReally } from 'vitest';
import { systemNetwork } from '../../../../src/sink/network.ts';
import { type ConnectionEnds, KernelEnding } from '../../../../src/sink/syslog/kernel-ending.ts';
import { systemClock } from '../../../../src/time/clock.ts';
import { eventually, listen, never } from '../../../support/sink-harness.ts';
import { useVirtualTime } from '../../../support/virtual-time.ts';

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
    for (const expected of ['acknowledged', 'reset']) {
      const { near, far } = await pair(host);
      let looks = 0;
      const readKernelFile = (path: string) => systemNetwork.readKernelFile(path).finally(() => looks++);
      const ending = new KernelEnding(near, systemClock, { readKernelFile });
      near.on('finish', () => ending.weEnded());
      near.resume().end('text');
      far.resume();
      await once(far, 'end');
      await eventually(() => expect(looks).toBeGreaterThan(0));
      const told = ending.outcome(never);
      if (expected === 'reset') far.resetAndDestroy();
      else far.end();
      expect(await told).toBe(expected);
    }
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

/** A kernel whose list has the connection in these states, one after another; none: not there. */
function kernel(ends: string, states: readonly string[], { waiting = 10, most = 1_000 } = {}) {
  const left = [...states];
  const asked: string[] = [];
  const read = async (path: string) => {
    asked.push(path);
    if (path === '/proc/net/sockstat') return `sockets: used 9\nTCP: inuse 3 orphan 0 tw ${waiting} alloc 4 mem 1\n`;
    if (path === '/proc/sys/net/ipv4/tcp_max_tw_buckets') return `${most}\n`;
    const state = left.length > 1 ? left.shift() : left[0];
    const others = '  sl  local_address\n   0: 00000000:0202 00000000:0000 0A 00000000:00000000\n';
    return state === '' ? others : `${others}   1: ${ends} ${state} 00000000:00000000\n`;
  };
  return { read, asked };
}

/** What is told of a peer that ends its side some time after ours. */
async function outcomeOf(
  read: (path: string) => Promise<string>,
  ends: ConnectionEnds = four,
  signal: AbortSignal = never,
): Promise<string> {
  const ending = new KernelEnding(ends, time.clock, { readKernelFile: read });
  ending.weEnded();
  await time.sleep(20);
  return ending.outcome(signal);
}

describe('what the list says', () => {
  it.each([
    ['TIME_WAIT is an end that is acknowledged', ['05', '06'], 'acknowledged'],
    ['what is still to come is waited for', ['04', '05', '0B', '06'], 'acknowledged'],
    ['what is gone was reset', ['05', '05', ''], 'reset'],
    ['where the peer ended first it says nothing', ['09', ''], 'unknown'],
    ['nor of a connection that is not listed', [''], 'unknown'],
  ])('%s', async (_, states, expected) => {
    for (const [ends, listed] of [[four, fourListed] as const, [six, sixListed] as const]) {
      const { read, asked } = kernel(listed, states);
      expect(await outcomeOf(read, ends)).toBe(expected);
      expect(asked[0]).toBe(ends === four ? '/proc/net/tcp' : '/proc/net/tcp6');
    }
  });

  it('is not asked about a peer that answers at once', async () => {
    const { read, asked } = kernel(fourListed, ['05', '']);
    const ending = new KernelEnding(four, time.clock, { readKernelFile: read });
    ending.weEnded();
    expect(await ending.outcome(never)).toBe('unknown');
    await time.sleep(20);
    expect(asked).toEqual([]);
  });

  it('says nothing where there is no list', async () => {
    expect(await outcomeOf(() => Promise.reject(new Error('ENOENT')))).toBe('unknown');
    const { read } = kernel(fourListed, ['05', '']);
    expect(await outcomeOf(read, { ...four, remoteAddress: undefined })).toBe('unknown');
  });

  it('says nothing of what is gone where the kernel keeps no more that are over', async () => {
    expect(await outcomeOf(kernel(fourListed, ['05', ''], { waiting: 950 }).read)).toBe('unknown');
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const told = outcomeOf(kernel(fourListed, ['05']).read, four, stop.signal);
    time.clock.timer(40, () => stop.abort(new Error('enough')));
    await expect(told).rejects.toThrow('enough');
  });
});
