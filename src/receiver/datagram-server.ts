/** Listens for syslog over UDP (RFC 5426): a datagram is a message. */
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { listenError, showAddress } from './listen.ts';
import type { Inbox, Listener, ListenerOptions } from './listener.ts';

/** Receive buffer asked of the kernel, which may grant less. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;

export function createDatagramServer({ host, port }: ListenerOptions, inbox: Inbox): Listener {
  const socket = createSocket({
    type: isIP(host) === 6 ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
  });
  let isOpen = true;
  socket.on('message', (message, { address, port: from }) => {
    inbox.message(message, 0, message.length, showAddress(address, from));
  });
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        const onError = (error: Error) => {
          isOpen = false;
          socket.close();
          reject(listenError(error, host, port));
        };
        socket.once('error', onError);
        socket.bind(port, host, () => {
          socket.off('error', onError);
          socket.on('error', (error) => inbox.problem(error.message));
          resolve({ host: socket.address().address, port: socket.address().port });
        });
      }),
    close: () =>
      new Promise((resolve) => {
        if (!isOpen) {
          resolve();
          return;
        }
        isOpen = false;
        socket.close(() => resolve());
      }),
  };
}
