/**
 * The least that any program has to do which brings logs from the service to a receiver: fetch a body, unpack it with
 * lz4-napi, write the raw bytes as they are. `floor.ts '{"endpoint", "project", "logstore", "shards", "port", "ca"?}'`
 *
 * Like the daemon: undici with a pool of the same kind, as many shards at a time, one pull ahead of each, one
 * connection with the same socket options (and TLS with the same, where `ca` is a file). Unlike it: requests are not
 * signed, answers not checked, nothing is confirmed, and there is no consumer group.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { uncompressSync } from 'lz4-napi';
import { Pool } from 'undici';
import { encodeCursor, firstPosition } from '../../src/emulator/protocol/cursor.ts';

interface FloorOptions {
  readonly endpoint: string;
  readonly project: string;
  readonly logstore: string;
  readonly shards: number;
  readonly port: number;
  readonly ca?: string;
}

interface Pull {
  /** An lz4 block after its size in 4 bytes, as lz4-napi wants it. */
  readonly packed: Buffer;
  readonly nextCursor: string;
}

const options = JSON.parse(process.argv[2] ?? '{}') as FloorOptions;
const { host } = new URL(options.endpoint);
const pool = new Pool(options.endpoint, { connections: 64, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
const headers = {
  host: `${options.project}.${host}`,
  accept: 'application/x-protobuf',
  'accept-encoding': 'lz4',
  'x-log-apiversion': '0.6.0',
};

async function pull(shard: number, cursor: string): Promise<Pull> {
  const path = `/logstores/${options.logstore}/shards/${shard}?type=logs&cursor=${encodeURIComponent(cursor)}&count=1000`;
  const { headers: head, body } = await pool.request({ method: 'GET', path, headers });
  const size = Buffer.alloc(4);
  size.writeUInt32LE(Number(head['x-log-bodyrawsize']));
  const chunks: Buffer[] = [size];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return { packed: Buffer.concat(chunks), nextCursor: String(head['x-log-cursor']) };
}

async function connect(): Promise<net.Socket> {
  const socket = net.connect({ host: '127.0.0.1', port: options.port, allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  if (options.ca === undefined) return socket.resume();
  const secured = tls.connect({ socket, ca: readFileSync(options.ca), servername: 'localhost', minVersion: 'TLSv1.2' });
  await once(secured, 'secureConnect');
  return secured.resume();
}

async function consume(shard: number, socket: net.Socket): Promise<never> {
  let next = pull(shard, encodeCursor(firstPosition(Date.now(), shard)));
  for (;;) {
    const { packed, nextCursor } = await next;
    next = pull(shard, nextCursor);
    const raw = uncompressSync(packed);
    await new Promise((resolve) => socket.write(raw, resolve));
  }
}

const socket = await connect();
for (let shard = 0; shard < options.shards; shard++) void consume(shard, socket);
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
// The benchmark's process has ended, in whatever way.
process.stdin.resume().once('end', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
