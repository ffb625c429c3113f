/**
 * A syslog receiver for tests and demos: takes messages over UDP, TCP or TLS, counts them, and on request parses each
 * one strictly. Written independently of the code that sends.
 *
 * The receiver ends a connection as good receivers do: it reads everything up to the client's end, and then ends its own side. By
 * that a client knows that nothing was lost.
 *
 * Counting alone is fast: it reads only the end of each message, for its sequence number.
 */
import { AppError } from '../core/errors.ts';
import { createDatagramServer } from './datagram-server.ts';
import type { Framing } from './deframer.ts';
import type { Inbox, ListenerOptions, ReceiverAddress, ReceiverTlsOptions } from './listener.ts';
import { type Message3164, parse3164 } from './parse-3164.ts';
import { type Message5424, parse5424 } from './parse-5424.ts';
import type { Malformed } from './scanner.ts';
import { SequenceCounter, type SequenceStats } from './sequence.ts';
import { createStreamServer } from './stream-server.ts';

export interface ReceiverOptions extends Omit<ListenerOptions, 'framing' | 'maxMessageBytes'> {
  readonly protocol: 'udp' | 'tcp' | 'tls';
  /** Default `auto`. */
  readonly framing?: Framing | 'auto';
  /** Required for `protocol` tls, and only allowed there. */
  readonly tls?: ReceiverTlsOptions;
  /** Parse each message strictly; `any` takes either RFC. Default: messages are not parsed. */
  readonly rfc?: '5424' | '3164' | 'any';
  /** Default 16 MiB. */
  readonly maxMessageBytes?: number;
  /** Called with each message, whose bytes are valid during the call; with `parsed` where `rfc` is given. */
  readonly onMessage?: (message: ReceivedMessage) => void;
  /** Called with a description of each problem of a connection, which is counted as well. */
  readonly onProblem?: (problem: string) => void;
}

export interface ReceivedMessage {
  readonly bytes: Uint8Array;
  /** Address and port, as `127.0.0.1:43210`. */
  readonly peer: string;
  readonly parsed: Message5424 | Message3164 | Malformed | undefined;
}

export interface ReceiverStats {
  readonly messages: number;
  /** Bytes of all messages, without their framing. */
  readonly bytes: number;
  /** Messages that break a rule of their RFC; 0 unless `rfc` was given. */
  readonly malformed: number;
  /** How often each rule was broken. */
  readonly malformedByRule: Readonly<Record<string, number>>;
  /** Connections that were closed because their framing was broken. */
  readonly framingErrors: number;
  /** Messages that their connection ended within. */
  readonly unfinished: number;
  readonly connections: number;
  readonly openConnections: number;
  readonly sequence: SequenceStats;
}

export interface Receiver {
  /** @throws AppError with code `listen`: the port is taken, or not allowed */
  start(): Promise<ReceiverAddress>;
  /** Stops listening, and ends open connections. Idempotent. */
  close(): Promise<void>;
  stats(): ReceiverStats;
}

const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

export function createReceiver(options: ReceiverOptions): Receiver {
  const { protocol, framing = 'auto', maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES, tls } = options;
  if ((protocol === 'tls') !== (tls !== undefined)) {
    throw new AppError('a certificate and its key are needed with tls, and only there', {
      code: 'receiver-options',
      action: 'fatal',
    });
  }
  const inbox = new CountingInbox(options);
  const listenerOptions = { ...options, framing, maxMessageBytes };
  const listener =
    protocol === 'udp' ? createDatagramServer(listenerOptions, inbox) : createStreamServer(listenerOptions, inbox);
  let closing: Promise<void> | undefined;
  return {
    start: () => listener.listen(),
    close() {
      closing ??= listener.close();
      return closing;
    },
    stats: () => inbox.stats(),
  };
}

class CountingInbox implements Inbox {
  readonly #options: ReceiverOptions;
  readonly #sequence = new SequenceCounter();
  readonly #malformedByRule = new Map<string, number>();
  #messages = 0;
  #bytes = 0;
  #malformed = 0;
  #framingErrors = 0;
  #unfinished = 0;
  #connections = 0;
  #openConnections = 0;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  message(bytes: Uint8Array, start: number, end: number, peer: string): void {
    const { rfc, onMessage } = this.#options;
    this.#messages += 1;
    this.#bytes += end - start;
    this.#sequence.count(bytes, start, end);
    const parsed = rfc === undefined ? undefined : parseAs(rfc, bytes, start, end);
    if (parsed?.isValid === false) {
      this.#malformed += 1;
      this.#malformedByRule.set(parsed.rule, (this.#malformedByRule.get(parsed.rule) ?? 0) + 1);
    }
    onMessage?.({ bytes: bytes.subarray(start, end), peer, parsed });
  }

  connected(): void {
    this.#connections += 1;
    this.#openConnections += 1;
  }

  disconnected(): void {
    this.#openConnections -= 1;
  }

  unfinished(peer: string): void {
    this.#unfinished += 1;
    this.problem(`${peer}: the connection ended within a message`);
  }

  framingError(peer: string, error: Error): void {
    this.#framingErrors += 1;
    this.problem(`${peer}: ${error.message}; closing the connection`);
  }

  problem(text: string): void {
    this.#options.onProblem?.(text);
  }

  stats(): ReceiverStats {
    return {
      messages: this.#messages,
      bytes: this.#bytes,
      malformed: this.#malformed,
      malformedByRule: Object.fromEntries(this.#malformedByRule),
      framingErrors: this.#framingErrors,
      unfinished: this.#unfinished,
      connections: this.#connections,
      openConnections: this.#openConnections,
      sequence: this.#sequence.stats(),
    };
  }
}

/** @param rfc `any`: a message with a version after PRI is RFC 5424 */
function parseAs(rfc: '5424' | '3164' | 'any', bytes: Uint8Array, start: number, end: number) {
  if (rfc === '5424' || (rfc === 'any' && hasVersion(bytes, start, end))) return parse5424(bytes, start, end);
  return parse3164(bytes, start, end);
}

function hasVersion(bytes: Uint8Array, start: number, end: number): boolean {
  const close = bytes.subarray(start, Math.min(end, start + 5)).indexOf(0x3e);
  const next = bytes[start + close + 1] ?? 0;
  return close > 0 && start + close + 1 < end && next >= 0x30 && next <= 0x39;
}
