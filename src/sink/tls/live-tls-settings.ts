/**
 * The TLS settings as they are in their files now: a certificate that was renewed, another authority, the revocation list of
 * today. Looked at before each connection, which is when they count.
 *
 *   read again   as they were → as before. Others, and they can be used → the new ones hold from this connection on.
 *                Others that cannot be used (half written, a key that does not fit yet) → the ones of before go on,
 *                and a warning, once for each fault.
 *
 * A disk that hangs keeps no connection waiting for longer than `readTimeoutMs`: it goes on with what is known.
 */
import { X509Certificate } from 'node:crypto';
import { ConfigError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Clock } from '../../core/time/clock.ts';
import type { Presented } from './certificate-check.ts';
import { certificateFacts } from './certificates.ts';
import type { ReceiverTlsOptions, TlsFileName } from './tls-options.ts';
import { createTlsSettings, type TlsSettings } from './tls-settings.ts';

/** The last session with a peer that was verified, and what it was verified by: to resume it, both are needed. */
export interface Resumable {
  readonly session: Buffer;
  readonly presented: Presented | undefined;
}

/** Settings, and the session that was made under them: under others it would pass by what they ask. */
export interface TlsState {
  readonly settings: TlsSettings;
  /** Our own. */
  readonly certificate: X509Certificate | undefined;
  resumable: Resumable | undefined;
}

/** The receiver that the settings are for. */
export interface TlsTarget {
  /** For the log. */
  readonly peer: string;
  readonly host: string;
  readonly tls: ReceiverTlsOptions;
  readonly clock: Clock;
}

const readTimeoutMs = 1_000;
const names: readonly TlsFileName[] = ['ca', 'cert', 'key', 'crl'];

export class LiveTlsSettings {
  readonly #target: TlsTarget;
  readonly #log: Log;
  readonly #clock: Clock;
  #tls: ReceiverTlsOptions;
  #state: TlsState;
  #reading: Promise<void> | undefined;
  #loggedFault = '';

  /** @throws ConfigError when a certificate, a key or a fingerprint cannot be used */
  constructor(target: TlsTarget, log: Log) {
    this.#target = target;
    this.#log = log;
    this.#clock = target.clock;
    this.#tls = target.tls;
    this.#state = this.#stateOf(target.tls);
  }

  /** For the next connection. Rejects with the signal's reason. */
  async current(signal: AbortSignal): Promise<TlsState> {
    const { readAgain } = this.#tls;
    if (readAgain) {
      this.#reading ??= this.#readAgain(readAgain).finally(() => {
        this.#reading = undefined;
      });
      const over = new AbortController();
      const timeout = this.#clock.sleep(readTimeoutMs, { signal: AbortSignal.any([signal, over.signal]) });
      await Promise.race([this.#reading, timeout]).finally(() => over.abort());
    }
    signal.throwIfAborted();
    return this.#state;
  }

  async #readAgain(read: NonNullable<ReceiverTlsOptions['readAgain']>): Promise<void> {
    const outcome = await read();
    if (outcome === undefined) return;
    const { files, problems } = outcome;
    const changed = names.filter((name) => !isSame(files[name], this.#tls[name]));
    if (problems.length > 0) this.#logFault(problems);
    else if (changed.length > 0) this.#take(files, changed);
    else if (this.#loggedFault !== '') {
      this.#loggedFault = '';
      this.#log.info({ peer: this.#target.peer }, 'files of the TLS settings are as they were, and in use');
    }
  }

  #take(files: Pick<ReceiverTlsOptions, TlsFileName>, changed: readonly TlsFileName[]): void {
    const tls = { ...this.#tls, ...files };
    try {
      this.#state = this.#stateOf(tls);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#logFault(error.problems.map(({ message }) => message));
      return;
    }
    this.#tls = tls;
    this.#loggedFault = '';
    const { certificate } = this.#state;
    const facts = changed.includes('cert') && certificate ? certificateFacts(certificate) : {};
    this.#log.info(
      { peer: this.#target.peer, changed, ...facts },
      'files of the TLS settings have changed: new connections use them',
    );
  }

  #logFault(problems: readonly string[]): void {
    const fault = problems.join('; ');
    if (fault === this.#loggedFault) return;
    this.#loggedFault = fault;
    this.#log.warn(
      { peer: this.#target.peer, reason: fault },
      'files of the TLS settings have changed, and cannot be used: what they held before stays in use; mend them, they are read again by themselves',
    );
  }

  #stateOf(tls: ReceiverTlsOptions): TlsState {
    return {
      settings: createTlsSettings({ host: this.#target.host, tls }),
      certificate: tls.cert && new X509Certificate(tls.cert),
      resumable: undefined,
    };
  }
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && one.equals(other));
}
