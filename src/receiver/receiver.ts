/**
 * A syslog receiver to try things out with: takes messages over UDP, TCP or TLS, counts them, and on request parses
 * every one strictly. Written independently of the code that sends.
 *
 * It ends a connection the way that good receivers do: when the client has ended its side, everything before that
 * has been read, and then this side is ended. That is what lets a client know that nothing was lost.
 *
 * Fast where it only counts: of each message just the end is looked at, for its sequence number.
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
  /** With `protocol` tls, and only there. */
  readonly tls?: ReceiverTlsOptions;
  /** Parse each message strictly; `any` takes either RFC. Default: messages are not parsed. */
  readonly rfc?: '5424' | '3164' | 'any';
  /** Default 16 MiB. */
  readonly maxMessageBytes?: number;
  /** Each message, whole; the bytes are valid during the call. `parsed` where `rfc` was given. */
  readonly onMessage?: (message: ReceivedMessage) => void;
  /** What goes wrong with a connection, in words. It is counted as well. */
  readonly onProblem?: (problem: string) => void;
}

export interface ReceivedMessage {
  readonly bytes: Uint8Array;
  /** `127.0.0.1:43210` */
  readonly peer: string;
  readonly parsed: Message5424 | Message3164 | Malformed | undefined;
}

export interface ReceiverStats {
  readonly messages: number;
  /** Of messages, without their framing. */
  readonly bytes: number;
  /** Messages that break a rule of their RFC; 0 unless `rfc` was given. */
  readonly malformed: number;
  /** How often each rule was broken. */
  readonly malformedByRule: Readonly<Record<string, number>>;
  /** Connections that were given up because their framing was broken. */
  readonly framingErrors: number;
  /** Messages whose end never came before their connection's. */
  readonly unfinished: number;
  readonly connections: number;
  readonly openConnections: number;
  readonly sequence: SequenceStats;
}

export interface Receiver {
  /** @throws AppError code `listen`: the port is taken, or not allowed */
  start(): Promise<ReceiverAddress>;
  /** Stops listening and ends what is open. Idempotent. */
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
    this.problem(`${peer}: ${error.message}; the connection is given up`);
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

/** `any`: a version after PRI makes it RFC 5424. */
function parseAs(rfc: '5424' | '3164' | 'any', bytes: Uint8Array, start: number, end: number) {
  if (rfc === '5424' || (rfc === 'any' && hasVersion(bytes, start, end))) return parse5424(bytes, start, end);
  return parse3164(bytes, start, end);
}

function hasVersion(bytes: Uint8Array, start: number, end: number): boolean {
  const close = bytes.subarray(start, Math.min(end, start + 5)).indexOf(0x3e);
  const next = bytes[start + close + 1] ?? 0;
  return close > 0 && start + close + 1 < end && next >= 0x30 && next <= 0x39;
}
