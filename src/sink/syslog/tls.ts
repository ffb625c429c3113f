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
import { connect, type TLSSocket } from 'node:tls';
import { checkReceiver } from './certificate-check.ts';
import { certificateFacts, createExpiryWatch } from './certificates.ts';
import { connectionError } from './network-errors.ts';
import { peerName, type ResolvedOptions, type SinkLog } from './options.ts';
import { StreamConnection } from './stream-connection.ts';
import { connectTcp, remoteAddress } from './tcp.ts';
import { handshakeError, tlsError } from './tls-errors.ts';
import { createTlsSettings, type TlsSettings } from './tls-settings.ts';
import type { Connection, Transport } from './transport.ts';

const REFUSAL_GRACE_MS = 300;

/** The last session of a peer that was verified. */
interface SessionStore {
  session: Buffer | undefined;
}

/** @throws ConfigError when a certificate, a key or a fingerprint cannot be used */
export function createTlsTransport(options: ResolvedOptions, log: SinkLog): Transport {
  const settings = createTlsSettings(options);
  const watchExpiry = createExpiryWatch(options.now, log);
  const store: SessionStore = { session: undefined };

  return {
    async connect(signal): Promise<Connection> {
      const raw = await connectTcp(options, signal);
      const socket = await secure(raw, settings, store, options, signal);
      if (settings.policy.insecure) {
        log.warn({ peer: peerName(options) }, 'the receiver is NOT verified (--insecure): anybody may be reading this');
      }
      const certificate = socket.getPeerX509Certificate();
      if (certificate !== undefined) watchExpiry(certificate);
      return new StreamConnection(socket, {
        facts: {
          address: remoteAddress(raw),
          tls: socket.getProtocol(),
          cipher: socket.getCipher().standardName,
          resumed: socket.isSessionReused(),
          ...(certificate && certificateFacts(certificate)),
        },
        maxQueuedBytes: options.maxQueuedBytes,
        timeoutMs: options.timeoutMs,
        explain: tlsError,
      });
    },
  };
}

function secure(
  raw: Socket,
  settings: TlsSettings,
  store: SessionStore,
  options: ResolvedOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const offered = store.session;
    // Offered once: should the peer trip over it, the next attempt is a full handshake.
    store.session = undefined;
    const socket = connect({ ...settings.connect, socket: raw, ...(offered && { session: offered }) });
    let isVerified = false;
    let fresh: Buffer | undefined;

    const timer = setTimeout(() => {
      const seconds = options.connectTimeoutMs / 1000;
      fail(
        connectionError('tls-timeout', `the TLS handshake was not done within ${seconds} s; does the port speak TLS?`),
      );
    }, options.connectTimeoutMs);
    let grace: NodeJS.Timeout | undefined;

    const onSecure = () => {
      const problem = checkReceiver(socket, settings.policy, options.now());
      if (problem !== undefined) {
        fail(problem);
        return;
      }
      isVerified = true;
      store.session = fresh ?? (socket.isSessionReused() ? offered : undefined);
      if (fresh !== undefined || socket.getProtocol() !== 'TLSv1.3') {
        succeed();
        return;
      }
      grace = setTimeout(succeed, REFUSAL_GRACE_MS);
      socket.once('data', succeed);
    };
    // Stays: a peer may send new tickets for as long as the connection lives.
    socket.on('session', (session) => {
      fresh = session;
      if (!isVerified) return;
      store.session = session;
      succeed();
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
      clearTimeout(timer);
      clearTimeout(grace);
      signal.removeEventListener('abort', onAbort);
      socket.off('secureConnect', onSecure);
      socket.off('data', succeed);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
    };
    const succeed = () => {
      done();
      resolve(socket);
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
