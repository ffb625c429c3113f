/** A server's first or next time of listening. */
import type { AddressInfo, Server } from 'node:net';

/** @returns the port; `port` 0: a free one. @throws Error EADDRINUSE and the like */
export function listen(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
