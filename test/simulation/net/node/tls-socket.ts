/** `tls.TLSSocket`, as far as the daemon uses it, over a TCP socket that is up. Nobody is verified: `insecure`. */
import type { SimulatedProcess } from '../../process.ts';
import type { TlsVersion } from '../tls-records.ts';
import { systemError } from './errors.ts';
import { SimulatedSocket } from './socket.ts';
import { TlsHandle } from './tls-handle.ts';

const ciphers: Readonly<Record<TlsVersion, { readonly name: string; readonly standardName: string }>> = {
  'TLSv1.2': { name: 'ECDHE-RSA-AES256-GCM-SHA384', standardName: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384' },
  'TLSv1.3': { name: 'TLS_AES_256_GCM_SHA384', standardName: 'TLS_AES_256_GCM_SHA384' },
};

export class SimulatedTlsSocket extends SimulatedSocket {
  readonly encrypted = true;
  readonly authorized = false;
  readonly authorizationError = 'DEPTH_ZERO_SELF_SIGNED_CERT';
  #tls: TlsHandle | undefined;

  /** @param session of an earlier 'session' event */
  constructor(process: SimulatedProcess, raw: SimulatedSocket, session: Buffer | undefined) {
    super({ allowHalfOpen: raw.allowHalfOpen, release: raw.release });
    const parent = raw.handle;
    if (!parent) {
      globalThis.process.nextTick(() => this.destroy(systemError('ECONNRESET', 'read')));
      return;
    }
    const tls = new TlsHandle(process, raw, parent, {
      secure: () => this.#onSecure(),
      ticket: (ticket) => this.emit('session', sessionOf(ticket)),
    });
    this.#tls = tls;
    const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = raw;
    const remote = { address: remoteAddress, port: remotePort };
    this.adopt(tls, { address: localAddress, port: localPort }, remote);
    raw.on('close', () => this.destroy());
    this.prependListener('end', this.#onEarlyEnd);
    tls.start(session ? session.readUInt32BE(0) : 0);
    // On the next tick: whoever made it may listen first.
    globalThis.process.nextTick(() => this.read(0));
  }

  getProtocol(): TlsVersion | null {
    return this.#tls?.version ?? null;
  }

  getCipher(): { readonly name: string; readonly standardName: string; readonly version: string } {
    const version = this.#tls?.version ?? 'TLSv1.3';
    return { ...ciphers[version], version };
  }

  isSessionReused(): boolean {
    return this.#tls?.isResumed ?? false;
  }

  getPeerCertificate(): object {
    return {};
  }

  getPeerX509Certificate(): undefined {
    return undefined;
  }

  #onSecure(): void {
    this.off('end', this.#onEarlyEnd);
    this.emit('secureConnect');
  }

  readonly #onEarlyEnd = (): void => {
    const message = 'Client network socket disconnected before secure TLS connection was established';
    this.destroy(Object.assign(new Error(message), { code: 'ECONNRESET' }));
  };
}

function sessionOf(ticket: number): Buffer {
  const session = Buffer.alloc(32);
  session.writeUInt32BE(ticket);
  return session;
}
