/**
 * Syslog over UDP (RFC 5426). The one connection never ends by itself: it follows the receiver's name (`--dns-refresh`).
 */
import type { Socket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import type { Log } from '../../../core/log.ts';
import { networkError } from '../../network-errors.ts';
import { peerName } from '../../peer-name.ts';
import type { ResolvedOptions } from '../link/options.ts';
import type { Connection, Transport } from '../link/transport.ts';
import type { ReceiverName } from './receiver-name.ts';
import { UdpConnection, type UdpTarget } from './udp-connection.ts';

export function createUdpTransport(options: ResolvedOptions, name: ReceiverName, log: Log): Transport {
  const { clock, dnsRefreshMs } = options;
  let attempts = 0;
  let isBestEffortLogged = false;
  let isTooLargeLogged = false;
  let current: UdpConnection | undefined;
  const onTooLarge = (bytes: number) => {
    if (isTooLargeLogged) return;
    isTooLargeLogged = true;
    log.warn(
      { peer: peerName(options), bytes },
      'a message was dropped: its datagram is larger than the network takes; further ones are only counted',
    );
  };
  /** Nothing is answered here, so that an address that is of no use shows only later: the next attempt, the next one. */
  const open = async (addresses: readonly LookupAddress[]): Promise<UdpTarget> => {
    const { address, family } = addresses[attempts % addresses.length] as LookupAddress;
    attempts += 1;
    const socket = options.network.createDatagramSocket(family === 6 ? 'udp6' : 'udp4');
    await connectSocket(socket, options.port, address);
    return { socket, address };
  };
  const follow = async (connection: UdpConnection): Promise<void> => {
    try {
      const addresses = await name.addresses();
      if (connection.isOver || addresses.some(({ address }) => address === connection.address)) return;
      connection.moveTo(await open(addresses));
    } catch (error) {
      // The receiver is somewhere else, and there is no way to it: as if it had been lost.
      connection.destroy(networkError(error));
    }
  };
  const lookUpAgain = () => {
    if (current && !current.isOver && !name.isAddress) void follow(current);
  };
  return {
    async connect(signal): Promise<Connection> {
      if (!isBestEffortLogged)
        log.info({ peer: peerName(options) }, 'UDP is best effort: what is lost on the way is not noticed');
      isBestEffortLogged = true;
      const connection = new UdpConnection(await open(await name.addresses(signal)), options, onTooLarge);
      current = connection;
      if (name.isAddress) return connection;
      const timer = clock.interval(dnsRefreshMs, lookUpAgain);
      timer.unref();
      void connection.over.then(() => clock.cancel(timer));
      return connection;
    },
    lookUpAgain,
  };
}

function connectSocket(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => {
      socket.close();
      reject(networkError(error));
    };
    socket.once('error', onError);
    socket.connect(port, address, () => {
      socket.off('error', onError);
      resolve();
    });
  });
}
