/** A server's first or next time of listening. */
import { type AddressInfo, createServer, type Server } from 'node:net';

/**
 * Ports that a test may count on: below those that the kernel gives to whoever connects, or asks for any. One that is
 * free for a while, since its server is away, is not somebody else's by then.
 */
const firstPort = 10_000;
const lastPort = 32_000;

/** @returns the port; `port` 0: a free one. @throws Error EADDRINUSE and the like */
export async function listen(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  if (port !== 0) return listenOnce(server, host, port);
  for (;;) {
    try {
      return await listenOnce(server, host, firstPort + Math.floor(Math.random() * (lastPort - firstPort)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

/** A port on which nobody listens, until somebody does. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listenOnce(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
