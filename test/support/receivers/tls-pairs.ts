/** A TLS receiver of a test and a sink that is to deliver to it: what comes of it. */
import type { TlsOptions } from 'node:tls';
import { expect } from 'vitest';
import type { ReceiverTlsOptions } from '../../../src/sink/tls/tls-options.ts';
import type { Identity } from './certificates.ts';
import { eventually, never, type SinkUnderTest } from './sink-harness.ts';
import type { SinkScope } from './sink-scope.ts';
import type { TcpPeer } from './tcp-peer.ts';

export interface TlsCase {
  /** The receiver's. */
  readonly identity: Identity;
  readonly server?: TlsOptions;
  readonly tls?: ReceiverTlsOptions;
  /** Default: `127.0.0.1`; every name leads there. */
  readonly host?: string;
}

export interface TlsPairs {
  create(each: TlsCase): Promise<{ peer: TcpPeer; under: SinkUnderTest }>;
  /** Connects, delivers, closes; everything has to arrive. */
  expectDelivery(each: TlsCase): Promise<SinkUnderTest>;
  /** Never comes up, writes nothing, and says why. */
  expectRefusal(each: TlsCase, code: string, message: RegExp): Promise<void>;
}

export function createTlsPairs({ createPeer, createSink }: SinkScope): TlsPairs {
  async function create(each: TlsCase) {
    const { cert, key } = each.identity;
    const peer = await createPeer({ tls: { cert, key, ...each.server } });
    const under = createSink({
      protocol: 'tls',
      port: peer.port,
      host: each.host ?? '127.0.0.1',
      tls: { ...each.tls },
      tuning: { lookup: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]) },
    });
    return { peer, under };
  }

  async function expectDelivery(each: TlsCase): Promise<SinkUnderTest> {
    const { peer, under } = await create(each);
    await under.sink.start(never);
    await under.send(1, ['hello ', 'over '], ['TLS']);
    expect(await under.sink.drain(10_000)).toBe(true);
    expect(peer.text()).toBe('hello over TLS');
    expect(peer.connections[0]?.sawEnd).toBe(true);
    expect(peer.connections[0]?.error).toBeUndefined();
    return under;
  }

  async function expectRefusal(each: TlsCase, code: string, message: RegExp): Promise<void> {
    const { peer, under } = await create(each);
    under.sink.start(never).catch(() => undefined);
    under.send(1, ['secret']).catch(() => undefined);
    // Twice, so that the second attempt is seen to be refused as well.
    const failures = () => under.lines.filter((line) => line.message.startsWith('cannot connect'));
    await eventually(() => expect(failures().length).toBeGreaterThanOrEqual(2));
    const [line] = under.told();
    expect(line).toMatchObject({ level: 'warn', fields: { code } });
    expect(under.sink.status.lastError).toMatch(message);
    expect(under.told()).toHaveLength(1);
    expect(peer.text()).toBe('');
    expect(under.events.count('sent')).toBe(0);
  }

  return { create, expectDelivery, expectRefusal };
}
