/**
 * Syslog over TLS (RFC 5425, RFC 9662): TLS 1.2 at least, the peer verified before the first byte is written,
 * sessions resumed.
 *
 * The TLS socket sits on a TCP socket of ours. That one counts the bytes of the wire, which is how a peer's
 * close_notify can be told from a bare FIN: Node reports both as the same `end`.
 *
 * A connection comes up in these steps, each bounded by `connectTimeoutMs`:
 *   TCP         → handshake
 *   handshake   done: the receiver is checked. Wrong → failed. TLS 1.2 → up; TLS 1.3 → accepting
 *   accepting   with TLS 1.3 our side is done before the peer has looked at our certificate: a refusal comes later,
 *               and takes with it what was written by then. Most peers send a session ticket as soon as they have
 *               accepted us → up; those that send none are given REFUSAL_GRACE_MS to refuse, then → up.
 *   failed      an error, the peer's end, the time limit or the caller's signal came first.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Log } from '../../../core/log.ts';
import type { Clock, Soon, Timer } from '../../../core/time/clock.ts';
import { connectionError } from '../../network-errors.ts';
import { peerName } from '../../peer-name.ts';
import { checkReceiver, isUnverified, type Presented, readPresented } from '../../tls/certificate-check.ts';
import { certificateFacts, createExpiryWatch } from '../../tls/certificates.ts';
import { LiveTlsSettings, type TlsState } from '../../tls/live-tls-settings.ts';
import { handshakeError, tlsError } from '../../tls/tls-errors.ts';
import { KernelEnding } from '../confirm/kernel-ending.ts';
import type { ResolvedOptions } from '../link/options.ts';
import type { Connection, Transport } from '../link/transport.ts';
import { PortProtocol } from './port-protocol.ts';
import { StreamConnection } from './stream-connection.ts';
import { connectTcp, createConnectionList, remoteAddress } from './tcp.ts';

const REFUSAL_GRACE_MS = 300;
/** Several times a day: the watch warns once in it. */
const LOOK_AT_DATES_MS = 6 * 60 * 60_000;

interface Secured {
  readonly socket: TLSSocket;
  readonly presented: Presented | undefined;
}

/** @throws ConfigError when a certificate, a key or a fingerprint cannot be used */
export function createTlsTransport(options: ResolvedOptions, log: Log): Transport {
  const peer = peerName(options);
  const live = new LiveTlsSettings({ ...options, peer }, log);
  const portProtocol = new PortProtocol({ ...options, peer, log });
  const watchExpiry = createExpiryWatch(options.clock.now, log);
  const list = createConnectionList(options, log);
  let isUnverifiedLogged = false;
  /** A busy event loop makes one look longer than it is. */
  let leastRoundTripMs = Number.POSITIVE_INFINITY;

  return {
    async connect(signal): Promise<Connection> {
      const state = await live.current(signal);
      if (state.certificate) watchExpiry.own(state.certificate);
      const { socket: raw, roundTripMs } = await connectTcp(options, signal);
      leastRoundTripMs = Math.min(leastRoundTripMs, roundTripMs);
      const { socket, presented } = await secure(raw, state, { ...options, log, portProtocol }, signal);
      // Once a start, and not with each connection that confirms another.
      if (isUnverified(state.settings.policy) && !isUnverifiedLogged) {
        isUnverifiedLogged = true;
        log.warn({ peer }, 'the receiver is NOT verified (--insecure): anybody may be reading this');
      }
      watchWhileOpen(raw, options.clock, () => {
        if (state.certificate) watchExpiry.own(state.certificate);
        if (presented) watchExpiry.receivers(presented.certificate);
      });
      return new StreamConnection(socket, {
        facts: {
          address: remoteAddress(raw),
          tls: socket.getProtocol(),
          cipher: socket.getCipher().standardName,
          resumed: socket.isSessionReused(),
          ...(presented && certificateFacts(presented.certificate)),
        },
        maxQueuedBytes: options.maxQueuedBytes,
        timeoutMs: options.timeoutMs,
        clock: options.clock,
        explain: tlsError,
        wireBytesRead: () => raw.bytesRead,
        ending: new KernelEnding({
          ends: raw,
          clock: options.clock,
          list,
          isUp: () => !raw.destroyed,
          isTls: true,
          roundTripMs: leastRoundTripMs,
        }),
      });
    },
  };
}

/** Certificates expire while a connection stands, which may be for months where nothing is confirmed. */
function watchWhileOpen(raw: Socket, clock: Clock, look: () => void): void {
  look();
  const timer = clock.interval(LOOK_AT_DATES_MS, look);
  timer.unref();
  raw.once('close', () => clock.cancel(timer));
}

function secure(
  raw: Socket,
  state: TlsState,
  options: ResolvedOptions & { readonly log: Log; readonly portProtocol: PortProtocol },
  signal: AbortSignal,
): Promise<Secured> {
  return new Promise((resolve, reject) => {
    const { settings } = state;
    const offered = settings.policy.hasCrl ? undefined : state.resumable;
    // Offered once: should the peer trip over it, the next attempt is a full handshake.
    state.resumable = undefined;
    const { clock, network } = options;
    const socket = network.connectTls({
      ...settings.connect,
      socket: raw,
      ...(offered && { session: offered.session }),
    });
    let presented: Presented | undefined;
    let isVerified = false;
    let isDone = false;
    let fresh: Buffer | undefined;

    const timer = clock.timer(options.connectTimeoutMs, () => {
      const seconds = options.connectTimeoutMs / 1000;
      fail(
        connectionError('tls-timeout', `the TLS handshake was not done within ${seconds} s; does the port speak TLS?`),
      );
    });
    const handshakeOver = options.portProtocol.watchHandshake(raw);
    let grace: Timer | undefined;
    let nextTurn: Soon | undefined;

    const onSecure = () => {
      handshakeOver(true);
      const resumed = socket.isSessionReused();
      options.log.debug({ tls: socket.getProtocol(), resumed }, 'TLS handshake done; checking the receiver');
      presented = resumed ? offered?.presented : readPresented(socket);
      const problem = checkReceiver(presented, settings.policy, clock.now());
      if (problem !== undefined) {
        fail(problem);
        return;
      }
      isVerified = true;
      if (fresh !== undefined) state.resumable = { session: fresh, presented };
      else if (resumed) state.resumable = offered;
      if (fresh !== undefined || socket.getProtocol() !== 'TLSv1.3') {
        succeedSoon();
        return;
      }
      grace = clock.timer(REFUSAL_GRACE_MS, succeedSoon);
      socket.resume();
    };
    // Stays: a peer may send new tickets for as long as the connection lives.
    socket.on('session', (session) => {
      fresh = session;
      if (!isVerified) return;
      state.resumable = { session, presented };
      succeedSoon();
    });
    const onEnd = () =>
      fail(
        connectionError(
          'tls-closed',
          'the receiver closed the connection right after the TLS handshake; does it want a client certificate?',
        ),
      );
    const onError = (error: unknown) => fail(isVerified ? tlsError(error) : handshakeError(error));
    const onAbort = () => fail(signal.reason);

    const done = () => {
      handshakeOver(false);
      clock.cancel(timer);
      clock.cancel(grace);
      clock.cancelSoon(nextTurn);
      isDone = true;
      signal.removeEventListener('abort', onAbort);
      socket.off('secureConnect', onSecure);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
    };
    // These events come out of the middle of OpenSSL's reading. To write there, or in a microtask of it, ruins the
    // stream: the peer sees a "bad record mac".
    const succeedSoon = () => {
      if (isDone) return;
      clock.cancelSoon(nextTurn);
      nextTurn = clock.soon(() => {
        done();
        resolve({ socket, presented });
      });
    };
    const fail = (error: unknown) => {
      done();
      socket.destroy();
      raw.destroy();
      reject(error);
    };
    signal.addEventListener('abort', onAbort);
    socket.on('secureConnect', onSecure);
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    // These two stay: an error between this phase and the next must find somebody who listens.
    socket.on('error', onError);
    raw.on('error', onError);
    if (signal.aborted) onAbort();
  });
}
