/** Listens on TCP ports, and formats addresses. */
import type { Server, Socket } from 'node:net';
import { AppError } from '../core/errors.ts';
import type { ListenerOptions, ReceiverAddress } from './listener.ts';

export function listen(server: Server, { host, port }: ReceiverAddress): Promise<ReceiverAddress> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => reject(listenError(error, host, port));
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no address'));
      else resolve({ host: address.address, port: address.port });
    });
  });
}

/** Refuses connections beyond `maxConnections`: with no file descriptor left, the kernel would end them unreported. */
export function boundConnections(
  server: Server,
  { maxConnections, onRefused }: Pick<ListenerOptions, 'maxConnections' | 'onRefused'>,
): void {
  if (maxConnections === undefined) return;
  server.maxConnections = maxConnections;
  server.on('drop', () => onRefused?.(maxConnections));
}

export function listenError(error: Error, host: string, port: number): AppError {
  const code = 'code' in error ? error.code : undefined;
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program has the port; choose another one, or 0 for any free one',
    EACCES: 'ports below 1024 need a privilege; choose a higher one',
    EADDRNOTAVAIL: 'this machine does not have the address',
    ENOTFOUND: 'the host name is not known',
    EMFILE: 'this process has no file descriptor left; raise the limit (ulimit -n)',
  };
  const hint = typeof code === 'string' ? hints[code] : undefined;
  return new AppError(`cannot listen on ${showAddress(host, port)}: ${hint ?? error.message}`, {
    code: 'listen',
    action: 'fatal',
    cause: error,
  });
}

export function addressOf({ remoteAddress = '?', remotePort = 0 }: Socket): string {
  return showAddress(remoteAddress, remotePort);
}

/** `127.0.0.1:514`, `[::1]:514` */
export function showAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
