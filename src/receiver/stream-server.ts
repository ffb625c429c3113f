/** Listens for syslog over TCP (RFC 6587) or TLS (RFC 5425). */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Deframer } from './deframer.ts';
import { addressOf, boundConnections, listen } from './listen.ts';
import type { Inbox, Listener, ListenerOptions } from './listener.ts';
import { createWithCertificate } from './tls.ts';

export function createStreamServer(options: ListenerOptions, inbox: Inbox): Listener {
  const sockets = new Set<Socket>();
  const server = createSocketServer(options, (socket) => serve(socket, options, inbox));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  boundConnections(server, options);
  server.on('tlsClientError', (error: Error) => inbox.problem(`a TLS handshake failed: ${error.message.trim()}`));
  return {
    listen: () => listen(server, options),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroySoon();
      }),
  };
}

/** `allowHalfOpen`: `serve` ends this side when everything has been read. */
function createSocketServer({ tls }: ListenerOptions, onSocket: (socket: Socket) => void): Server {
  if (tls === undefined) return createServer({ allowHalfOpen: true }, onSocket);
  return createWithCertificate(tls, (certificate) =>
    createTlsServer({ ...certificate, allowHalfOpen: true }, onSocket),
  );
}

function serve(socket: Socket, options: ListenerOptions, inbox: Inbox): void {
  const peer = addressOf(socket);
  let hasEnded = false;
  const deframer = new Deframer(options, (bytes, start, end) => inbox.message(bytes, start, end, peer));
  inbox.connected();
  socket.on('data', (data: Buffer) => {
    try {
      deframer.push(data);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      hasEnded = true;
      inbox.framingError(peer, error);
      socket.destroy();
    }
  });
  socket.on('end', () => {
    hasEnded = true;
    if (deframer.isWithinMessage) inbox.unfinished(peer);
    socket.end();
  });
  socket.on('error', (error) => inbox.problem(`${peer}: ${error.message}`));
  socket.on('close', () => {
    if (!hasEnded && deframer.isWithinMessage) inbox.unfinished(peer);
    inbox.disconnected();
  });
}
