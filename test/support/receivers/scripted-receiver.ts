/**
 * A receiver of numbered logs that can misbehave: each new connection is treated in the manner of the moment.
 * It takes octet-counted frames, over TCP or TLS.
 */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { type Clock, systemClock } from '../../../src/core/time/clock.ts';
import { listen } from '../listen.ts';
import { type Arrival, type Arrivals, arrivalOf } from './arrivals.ts';
import { octetCountingDeframer } from './deframe.ts';

export interface Visit {
  readonly socket: net.Socket;
  readonly clock: Clock;
  /** Takes what came, as a receiver that has read it. */
  take(bytes: Buffer): void;
  /** RST: what the client's kernel still holds is thrown away. */
  reset(): void;
  /** Bytes taken up to now. */
  readonly bytes: number;
}

export type Manner = (visit: Visit) => void;

export interface ScriptedReceiver extends Arrivals {
  readonly port: number;
  /** From the next connection on. */
  behave(manner: Manner): void;
  /** Connections that took logs and did not end in peace: by the client's end and then ours. */
  readonly broken: number;
  readonly connections: number;
  /** Logs that it has read, duplicates included. */
  readonly taken: number;
  /** Resets every connection. */
  resetAll(): void;
  /** Nobody listens any more, and all connections are reset. */
  refuse(): Promise<void>;
  /** After `refuse`: the same port. */
  listen(): Promise<void>;
  /** A certificate for new connections. @throws Error when it is not a TLS receiver */
  setCertificate(options: tls.SecureContextOptions): void;
  close(): Promise<void>;
}

export interface ScriptedReceiverOptions {
  readonly port?: number;
  readonly tls?: tls.TlsOptions;
  /** Default: kept for `next`. */
  readonly store?: (arrivals: readonly Arrival[]) => void;
  /** Default: this machine's, in real time. */
  readonly createServer?: (accept: (socket: net.Socket) => void) => net.Server;
  readonly clock?: Clock;
}

export async function createScriptedReceiver(options: ScriptedReceiverOptions = {}): Promise<ScriptedReceiver> {
  let arrived: Arrival[] = [];
  const store = options.store ?? ((arrivals) => arrived.push(...arrivals));
  const { clock = systemClock } = options;
  let taken = 0;
  /** A port may come a second time while the server has not heard of the end of the first: it does not read, say. */
  const open = new Set<net.Socket>();
  const latest = new Map<number | undefined, net.Socket>();
  let manner: Manner = reads;
  let broken = 0;
  let connections = 0;

  const accept = (socket: net.Socket) => {
    connections++;
    const deframer = octetCountingDeframer();
    let bytes = 0;
    let clientEnded = false;
    let endedFirst = false;
    const raw = latest.get(socket.remotePort);
    socket.on('error', () => undefined);
    socket.on('end', () => {
      clientEnded = true;
    });
    socket.on('finish', () => {
      endedFirst = !clientEnded;
    });
    socket.on('close', (hadError) => {
      if (bytes > 0 && (hadError || endedFirst || !clientEnded || !socket.writableFinished)) broken++;
    });
    manner({
      socket,
      clock,
      get bytes() {
        return bytes;
      },
      take(data) {
        bytes += data.length;
        const arrivals = deframer.push(data).flatMap((message) => arrivalOf(message.toString('latin1')) ?? []);
        taken += arrivals.length;
        store(arrivals);
      },
      reset: () => raw?.resetAndDestroy(),
    });
  };
  const { createServer = (onConnection) => net.createServer({ allowHalfOpen: true }, onConnection) } = options;
  const server = options.tls ? tls.createServer({ ...options.tls, allowHalfOpen: true }, accept) : createServer(accept);
  // Before `accept`, which over TCP is called with the same socket.
  server.prependListener('connection', (socket: net.Socket) => {
    const { remotePort } = socket;
    open.add(socket);
    latest.set(remotePort, socket);
    socket.on('close', () => {
      open.delete(socket);
      if (latest.get(remotePort) === socket) latest.delete(remotePort);
    });
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined); // a client that refuses our certificate is what some tests want
  const port = await listen(server, '127.0.0.1', options.port);
  const resetAll = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  const refuse = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    resetAll();
    await closed;
  };
  return {
    port,
    behave(next) {
      manner = next;
    },
    get broken() {
      return broken;
    },
    get connections() {
      return connections;
    },
    get taken() {
      return taken;
    },
    resetAll,
    refuse,
    listen: async () => {
      await listen(server, '127.0.0.1', port);
    },
    setCertificate(context) {
      if (!(server instanceof tls.Server)) throw new Error('this receiver has no TLS');
      server.setSecureContext(context);
    },
    next: () => {
      const since = arrived;
      arrived = [];
      return Promise.resolve(since);
    },
    close: refuse,
  };
}

/** As it should be: reads everything, and ends its side when the client has ended its own. */
export const reads: Manner = ({ socket, take }) => {
  socket.on('data', take);
  socket.on('end', () => socket.end());
};

/** Never answers an end. */
export const neverCloses: Manner = ({ socket, take }) => {
  socket.on('data', take);
};

export function resetsAfter(bytes: number): Manner {
  return (visit) => {
    reads(visit);
    visit.socket.on('data', () => {
      if (visit.bytes >= bytes) visit.reset();
    });
  };
}

/** TLS 1.2: asks the client to renegotiate after so many bytes, once a connection. */
export function renegotiatesAfter(bytes: number, asked: () => void): Manner {
  return (visit) => {
    const { socket } = visit;
    let hasAsked = false;
    reads(visit);
    socket.on('error', () => socket.destroy()); // of its TLS, which does not end the connection
    socket.on('data', () => {
      if (hasAsked || visit.bytes < bytes || !(socket instanceof tls.TLSSocket)) return;
      hasAsked = true;
      // Not from within OpenSSL's reading.
      visit.clock.soon(() => {
        if (socket.destroyed) return;
        socket.renegotiate({}, () => undefined);
        asked();
      });
    });
  };
}

/**
 * Closes a while after something came, of which it takes nothing. An empty connection is ended in peace. Node has taken
 * some of it from the kernel by then, which would end the connection in peace where that was all: so it is reset.
 */
export function closesUnread(afterMs: number): Manner {
  return ({ socket, clock, reset }) => {
    socket.on('end', () => socket.end());
    socket.once('readable', () => {
      if (socket.readableLength === 0) socket.resume();
      else clock.timer(afterMs, reset);
    });
  };
}

/** Ends its side first, and goes on reading. */
export function endsFirstAfter(bytes: number): Manner {
  return (visit) => {
    reads(visit);
    visit.socket.on('data', () => {
      if (visit.bytes >= bytes) visit.socket.end();
    });
  };
}

/** Resets a connection that is still open so long after something came, as a proxy that allows it no more time. */
export function allowsOnly(forMs: number): Manner {
  return (visit) => {
    reads(visit);
    visit.socket.once('data', () => {
      const timer = visit.clock.timer(forMs, () => visit.reset());
      visit.socket.once('end', () => visit.clock.cancel(timer));
    });
  };
}

/** Closes a connection on which nothing came for so long. */
export function closesWhenIdle(idleMs: number): Manner {
  return (visit) => {
    const { socket, clock } = visit;
    reads(visit);
    const idle = clock.timer(idleMs, () => socket.destroy());
    socket.on('data', () => idle.refresh());
    socket.on('close', () => clock.cancel(idle));
  };
}

/** Reads so many bytes a second. */
export function readsAt(bytesPerSecond: number): Manner {
  return (visit) => {
    const { socket, take, clock } = visit;
    socket.on('data', (data: Buffer) => {
      take(data);
      socket.pause();
      clock.timer((data.length / bytesPerSecond) * 1_000, () => socket.resume());
    });
    socket.on('end', () => socket.end());
  };
}

/** Stops reading after so many bytes, and goes on after a while. */
export function stallsAfter(bytes: number, forMs: number): Manner {
  return (visit) => {
    let hasStalled = false;
    reads(visit);
    visit.socket.on('data', () => {
      if (hasStalled || visit.bytes < bytes) return;
      hasStalled = true;
      visit.socket.pause();
      visit.clock.timer(forMs, () => visit.socket.resume());
    });
  };
}

/** Accepts, and that is all. */
export const ignores: Manner = ({ socket }) => {
  socket.pause();
};

/** Drops every connection beside an open one. */
export function oneAtATime(): Manner {
  let isBusy = false;
  return (visit) => {
    if (isBusy) {
      visit.socket.destroy();
      return;
    }
    isBusy = true;
    visit.socket.on('close', () => {
      isBusy = false;
    });
    reads(visit);
  };
}
