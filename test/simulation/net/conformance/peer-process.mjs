/** The peer of a script on real sockets: a process of its own, that does what it is told, and tells what it sees. */
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

let peer;
let received = 0;
const tell = (what) => process.send({ ...what, received });

const accept = (socket) => {
  peer = socket;
  received = 0;
  socket.pause();
  socket.on('data', (bytes) => {
    received += bytes.length;
    tell({ event: 'data' });
  });
  socket.on('end', () => tell({ event: 'end' }));
  socket.on('error', ({ code }) => tell({ event: `error ${code}` }));
  socket.on('close', () => tell({ event: 'close' }));
  tell({ event: 'accepted' });
};

/** TLS, where a version is given, and what it needs. */
const [version, key, cert] = process.argv.slice(2);
const server = version
  ? createTlsServer({ key, cert, minVersion: version, maxVersion: version, allowHalfOpen: true }, accept)
  : createServer({ pauseOnConnect: true, allowHalfOpen: true }, accept);

const actions = {
  read: () => peer.resume(),
  write: (bytes) => peer.write(Buffer.alloc(bytes)),
  end: () => peer.end(),
  /** Over TLS: without a close_notify. */
  endBare: () => peer._parent.end(),
  close: () => peer.destroy(),
  reset: () => peer.resetAndDestroy(),
};

process.on('message', (steps) => {
  for (const [action, argument] of steps) actions[action](argument);
});
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => tell({ event: 'listening', port: server.address().port }));
