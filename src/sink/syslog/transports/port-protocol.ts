/**
 * Whether a port speaks what it is spoken to in: plain syslog to a TLS port, or TLS to a plain one, is the commonest mistake
 * of a first set-up, and neither side says so by itself.
 *
 * Plain text to a TLS port, as servers were seen to take it:
 *   rsyslog (OpenSSL), syslog-ng   an end without a byte before it: a TLS alert, and their end. Text: a reset, or their end
 *   Node, allowHalfOpen            an end without a byte before it: silence. Text: their end
 *   Node                           an end without a byte before it: their end, as any plain receiver gives it
 * So an alert is proof: the connection is lost, whatever ends behind it, and nothing on it is confirmed. Silence, and
 * connections that end over the first text, are reasons to ask. They may have others: nothing is decided by them.
 *
 * TLS to a plain port: it waits for the end of a line, mostly in silence. That is asked about as well.
 */
import type { Socket } from 'node:net';
import type { Log } from '../../../core/log.ts';
import type { Clock, Timer } from '../../../core/time/clock.ts';
import { connectionError } from '../../network-errors.ts';

/** How long a silence is before it is worth a question; shorter where it is not waited for so long. */
const longestSilenceMs = 3_000;
/** Connections that ended over what was sent, in so short a time: */
const refusedWithinMs = 60_000;
const refusalsBeforeWarning = 2;
/** Applies to a receiver that has read something before. */
const laterRefusalsBeforeWarning = 4;
/** A warning is not repeated sooner. */
const againAfterMs = 10 * 60_000;

export interface PortProtocolOptions {
  readonly peer: string;
  /** How long the answer to an end, and to a handshake, is waited for. */
  readonly confirmTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

export class PortProtocol {
  readonly #options: PortProtocolOptions;
  readonly #loggedAtMs = new Map<string, number>();
  #refusedAtMs: number[] = [];
  /** What was sent in plain text was read to its end. */
  #hasRead = false;

  constructor(options: PortProtocolOptions) {
    this.#options = options;
  }

  /** @param socket connected, and nothing written to it yet; the bytes that come are not taken from it */
  watchPlain(socket: Socket): void {
    const { clock, confirmTimeoutMs } = this.#options;
    const silenceMs = silenceLimitMs(confirmTimeoutMs);
    let silence: Timer | undefined;
    let isOver = false;
    const over = () => {
      clock.cancel(silence);
      const wasOpen = !isOver;
      isOver = true;
      return wasOpen;
    };
    socket.once('data', (bytes) => {
      clock.cancel(silence);
      if (isTlsAlert(bytes)) socket.destroy(this.#isTls(bytes));
    });
    socket.once('finish', () => {
      if (socket.bytesWritten > 0 || this.#hasRead || isOver) return;
      silence = clock.timer(silenceMs, () => this.#ask('silence', silenceMs));
      silence.unref();
    });
    socket.once('end', () => {
      if (!over() || socket.bytesWritten === 0) return;
      if (socket.writableFinished) this.#onRead();
      else this.#onRefused();
    });
    socket.once('error', () => {
      if (over() && socket.bytesWritten > 0 && socket.bytesRead === 0) this.#onRefused();
    });
    socket.once('close', over);
  }

  /** @returns to be called when the handshake is over, with whether it succeeded */
  watchHandshake(raw: Socket): (succeeded: boolean) => void {
    const { clock, connectTimeoutMs } = this.#options;
    const silenceMs = silenceLimitMs(connectTimeoutMs);
    const timer = clock.timer(silenceMs, () => {
      if (raw.bytesRead === 0) this.#ask('handshake', silenceMs);
    });
    timer.unref();
    return (succeeded) => {
      clock.cancel(timer);
      if (succeeded) this.#loggedAtMs.clear();
    };
  }

  #onRead(): void {
    this.#hasRead = true;
    this.#refusedAtMs = [];
    this.#loggedAtMs.clear();
  }

  #onRefused(): void {
    const nowMs = this.#options.clock.monotonic();
    this.#refusedAtMs = [...this.#refusedAtMs.filter((atMs) => nowMs - atMs < refusedWithinMs), nowMs];
    if (this.#refusedAtMs.length >= (this.#hasRead ? laterRefusalsBeforeWarning : refusalsBeforeWarning))
      this.#ask('refused');
  }

  #ask(what: keyof typeof questions, afterMs = 0): void {
    this.#logOnce(`port-${what}`, questions[what].replace('{silence}', `${afterMs / 1000} s`));
  }

  #isTls(alert: Buffer) {
    const description = alert[6] ?? 0;
    const error = connectionError(
      'tls-port',
      `the receiver answers with a TLS alert (${alertNames[description] ?? description}): the port speaks TLS, and is spoken to in plain text; set --proto tls, or give the port for plain syslog with --port`,
    );
    this.#logOnce(error.code, error.message);
    return error;
  }

  #logOnce(code: string, message: string): void {
    const { peer, log, clock } = this.#options;
    const nowMs = clock.monotonic();
    if (nowMs - (this.#loggedAtMs.get(code) ?? Number.NEGATIVE_INFINITY) < againAfterMs) return;
    this.#loggedAtMs.set(code, nowMs);
    log.warn({ peer, code }, message);
  }
}

function silenceLimitMs(timeoutMs: number): number {
  return Math.min(longestSilenceMs, timeoutMs / 2);
}

const questions = {
  silence:
    'the receiver has not answered the end of an empty connection for {silence}: does this port speak TLS? If so, set --proto tls. Otherwise it is slow, or never ends its side; waiting on',
  refused:
    'the receiver ends connections as soon as something is sent: does this port speak TLS? If so, set --proto tls. Otherwise the log of the receiver says why it refuses them; trying on',
  handshake:
    'the receiver has not answered the TLS handshake for {silence}: does this port speak TLS? If it is for plain syslog, set --proto tcp, or give the port for TLS with --port. Otherwise the receiver is busy; trying on',
} as const;

/** A record of type 21, SSL 3.0 to TLS 1.3, with a level and a description (RFC 8446, sections 5.1 and 6). */
export function isTlsAlert(bytes: Uint8Array): boolean {
  const [type, major, minor, high, low, level] = bytes;
  if (type !== 21 || major !== 3 || minor === undefined || minor > 4) return false;
  // The rest may come later. Encrypted, it would be longer; plain text has no keys for that.
  return (high ?? 0) === 0 && (low ?? 2) === 2 && (level ?? 2) <= 2;
}

/** RFC 8446, section 6. */
const alertNames: Readonly<Record<number, string>> = {
  10: 'unexpected_message',
  22: 'record_overflow',
  40: 'handshake_failure',
  47: 'illegal_parameter',
  50: 'decode_error',
  70: 'protocol_version',
  80: 'internal_error',
};
