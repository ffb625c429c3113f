/**
 * A receiver that reads and throws away, in a process of its own: `receiver.ts [CERT KEY]`, with TLS where both are
 * given. `{"port"}` on stdout when it listens; then, for each connection with TLS, `{"protocol", "cipher"}`.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';

const [certFile, keyFile] = process.argv.slice(2);
const options = { allowHalfOpen: true, noDelay: true };

function say(facts: object): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

function discard(socket: net.Socket): void {
  socket.on('data', () => undefined);
  socket.on('end', () => socket.end());
  socket.on('error', () => socket.destroy());
}

const server =
  certFile && keyFile
    ? tls.createServer({ ...options, cert: readFileSync(certFile), key: readFileSync(keyFile) }, (socket) => {
        say({ protocol: socket.getProtocol(), cipher: socket.getCipher().standardName });
        discard(socket);
      })
    : net.createServer(options, discard);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as net.AddressInfo;
  say({ port });
});
// The benchmark's process has ended, in whatever way.
process.stdin.resume().once('end', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
