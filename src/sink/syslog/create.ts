/** The syslog sink, over the protocol that the options name. */

import type { Log } from '../../core/log.ts';
import { peerName } from '../peer-name.ts';
import type { DeliveryRef, Sink, SinkEvents } from '../sink.ts';
import { type ResolvedOptions, resolveOptions, type SyslogSinkOptions } from './link/options.ts';
import type { Transport } from './link/transport.ts';
import { SyslogSink } from './sink.ts';
import { ReceiverName } from './transports/receiver-name.ts';
import { createTcpTransport } from './transports/tcp.ts';
import { createTlsTransport } from './transports/tls.ts';
import { createUdpTransport } from './transports/udp.ts';

/**
 * One connection to one receiver. `confirmed` follows `sent` at once: it says that the local kernel has every byte,
 * not that the receiver has.
 * @throws ConfigError when a certificate, a key or a fingerprint cannot be used
 */
export function createSyslogSink<M extends DeliveryRef>(
  options: SyslogSinkOptions,
  events: SinkEvents<M>,
  log: Log,
): Sink<M> {
  const resolved = resolveOptions(options);
  const peer = peerName(resolved);
  return new SyslogSink({ ...resolved, transport: createTransport(resolved, log), peer, log }, events);
}

function createTransport(given: ResolvedOptions, log: Log): Transport {
  const name = new ReceiverName(given, log);
  const options = { ...given, lookup: name.lookup };
  switch (options.protocol) {
    case 'udp':
      return createUdpTransport(options, name, log);
    case 'tcp':
      return createTcpTransport(options, log);
    case 'tls':
      return createTlsTransport(options, log);
  }
}
