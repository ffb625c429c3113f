/** Peers and sinks that are taken down after each test of the file that calls this. */
import { afterEach, beforeEach } from 'vitest';
import { systemClock } from '../../../src/core/time/clock.ts';
import type { SyslogSinkOptions } from '../../../src/sink/syslog/link/options.ts';
import { VirtualNet } from '../virtual/virtual-net.ts';
import type { VirtualTime } from '../virtual/virtual-time.ts';
import { createSinkUnderTest, type SinkUnderTest } from './sink-harness.ts';
import { createTcpPeer, type TcpPeer, type TcpPeerOptions } from './tcp-peer.ts';

export interface SinkScope {
  createPeer(options?: TcpPeerOptions): Promise<TcpPeer>;
  createSink(options: Partial<SyslogSinkOptions> & Pick<SyslogSinkOptions, 'port'>): SinkUnderTest;
  onEnd(cleanup: () => unknown): void;
}

export function useSinkScope(): SinkScope {
  const cleanups: (() => unknown)[] = [];
  afterEach(() => cleanUp(cleanups));
  return createScope(cleanups, createTcpPeer, () => ({}));
}

/** The same in virtual time, without TLS. */
export function useVirtualSinkScope(time: VirtualTime): SinkScope & { readonly net: VirtualNet } {
  const cleanups: (() => unknown)[] = [];
  let net = new VirtualNet(time);
  beforeEach(() => {
    net = new VirtualNet(time);
  });
  afterEach(() => time.run(() => cleanUp(cleanups)));
  const createPeer = (options?: TcpPeerOptions) =>
    createTcpPeer({ clock: time.clock, createServer: net.createServer, ...options });
  return {
    get net() {
      return net;
    },
    ...createScope(cleanups, createPeer, () => ({ clock: time.clock, network: net.of() })),
  };
}

async function cleanUp(cleanups: (() => unknown)[]): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

function createScope(
  cleanups: (() => unknown)[],
  createOne: typeof createTcpPeer,
  surroundings: () => Pick<SyslogSinkOptions, 'clock' | 'network'>,
): SinkScope {
  return {
    async createPeer(options) {
      const peer = await createOne(options);
      cleanups.push(() => peer.close());
      return peer;
    },
    createSink(options) {
      const under = createSinkUnderTest({ protocol: 'tcp', host: '127.0.0.1', ...surroundings(), ...options });
      cleanups.push(() => under.sink.destroy());
      return under;
    },
    onEnd: (cleanup) => cleanups.push(cleanup),
  };
}

export { freePort } from '../listen.ts';

/** Writes without end, until the delivery is over. @returns the error that ended it */
export async function pour(
  { sink, chunks }: SinkUnderTest,
  id: number,
  { chunkBytes = 256 * 1024, turn = systemClock.turn } = {},
): Promise<unknown> {
  const delivery = sink.deliver({ stream: String(id), id });
  try {
    for (;;) {
      const taken = delivery.write(chunks.chunk(Buffer.alloc(chunkBytes, 'x')));
      await (taken ?? turn());
    }
  } catch (error) {
    return error;
  }
}
