import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../../src/sink/deferred.ts';
import { type ConnectionEnds, KernelEndings } from '../../../../src/sink/syslog/kernel-ending.ts';
import { listen, never } from '../../../support/sink-harness.ts';

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

  it.each(['127.0.0.1', '::1'])('tells an end from a reset, %s', async (host) => {
    for (const expected of ['acknowledged', 'reset']) {
      const { near, far } = await pair(host);
      const isSeen = createDeferred<void>();
      const read = async (path: string) => {
        const text = await readFile(path, 'latin1');
        isSeen.resolve();
        return text;
      };
      const ending = new KernelEndings(read).watch(near);
      await isSeen.promise;
      near.resume().end('text');
      far.resume();
      await once(far, 'end');
      const told = ending(never);
      if (expected === 'reset') far.resetAndDestroy();
      else far.end();
      expect(await told).toBe(expected);
    }
  });
});

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

describe('what the list says', () => {
  it.each([
    ['TIME_WAIT is an end that is acknowledged', ['01', '06'], 'acknowledged'],
    ['what is still to come is waited for', ['01', '04', '05', '0B', '06'], 'acknowledged'],
    ['what is gone was reset', ['01', '05', ''], 'reset'],
  ])('%s', async (_, states, expected) => {
    for (const [ends, listed] of [[four, fourListed] as const, [six, sixListed] as const]) {
      const { read, asked } = kernel(listed, states);
      expect(await new KernelEndings(read).watch(ends)(never)).toBe(expected);
      expect(asked[0]).toBe(ends === four ? '/proc/net/tcp' : '/proc/net/tcp6');
    }
  });

  it('says nothing where there is no list, or connections are not in it', async () => {
    const none = new KernelEndings(() => Promise.reject(new Error('ENOENT')));
    expect(await none.watch(four)(never)).toBe('unknown');
    const empty = new KernelEndings(kernel(fourListed, ['']).read);
    expect(await empty.watch(four)(never)).toBe('unknown');
    expect(await empty.watch({ ...four, remoteAddress: undefined })(never)).toBe('unknown');
  });

  it('says nothing of what is gone where the kernel keeps no more that are over', async () => {
    const full = kernel(fourListed, ['01', ''], { waiting: 950 });
    expect(await new KernelEndings(full.read).watch(four)(never)).toBe('unknown');
  });

  it('looks again with the next connection where the first was over too soon', async () => {
    const { read } = kernel(fourListed, ['', '01', '06']);
    const endings = new KernelEndings(read);
    expect(await endings.watch(four)(never)).toBe('unknown');
    expect(await endings.watch(four)(never)).toBe('acknowledged');
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const told = new KernelEndings(kernel(fourListed, ['05']).read).watch(four)(stop.signal);
    stop.abort(new Error('enough'));
    await expect(told).rejects.toThrow('enough');
  });
});
