/** From a host to an address, where Node does not do that for us: a datagram socket has to know its family first. */
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { connectionError, networkError } from './network-errors.ts';
import type { ResolvedOptions } from './options.ts';

type LookupOptions = Pick<ResolvedOptions, 'host' | 'lookup' | 'connectTimeoutMs' | 'clock' | 'network'>;

/**
 * @param turn which of the host's addresses: counted up by the caller, it goes through all of them
 */
export async function resolveAddress(
  options: LookupOptions,
  turn: number,
  signal: AbortSignal,
): Promise<LookupAddress> {
  const family = isIP(options.host);
  if (family !== 0) return { address: options.host, family };
  const addresses = await lookupAll(options, signal);
  const chosen = addresses[turn % addresses.length];
  if (chosen === undefined) throw connectionError('enotfound', `the host name ${options.host} has no address`);
  return chosen;
}

function lookupAll({ host, lookup, connectTimeoutMs, clock, network }: LookupOptions, signal: AbortSignal) {
  const find = lookup ?? network.lookup;
  return new Promise<readonly LookupAddress[]>((resolve, reject) => {
    const onAbort = () => settle(() => reject(signal.reason));
    const timer = clock.timer(connectTimeoutMs, () => {
      settle(() =>
        reject(connectionError('dns-timeout', `the DNS did not answer within ${connectTimeoutMs / 1000} s`)),
      );
    });
    const settle = (how: () => void) => {
      clock.cancel(timer);
      signal.removeEventListener('abort', onAbort);
      how();
    };
    signal.addEventListener('abort', onAbort);
    find(host, { all: true }, (error, found) => {
      settle(() => {
        if (error) reject(networkError(error));
        else resolve(Array.isArray(found) ? found : [{ address: found, family: isIP(found) }]);
      });
    });
  });
}
