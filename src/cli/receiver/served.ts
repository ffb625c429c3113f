/** The interface of the command to a receiver, whatever the receiver speaks; and how a text is shown. */
import type { ReceiverAddress } from '../../receiver/listener.ts';
import type { SequenceStats } from '../../receiver/sequence.ts';

export interface ReceiverFlags {
  readonly proto: 'udp' | 'tcp' | 'tls' | 'hec';
  readonly host: string;
  readonly port?: string;
  readonly framing?: 'auto' | 'octet-counting' | 'lf';
  readonly rfc?: '5424' | '3164' | 'any';
  readonly maxMessageBytes?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly clientCa?: string;
  readonly ack: boolean;
  readonly indexers?: string;
  readonly indexAfter?: string;
  readonly count: boolean;
  readonly json: boolean;
}

export interface ServedReceiver {
  /** Printed in front of the address: `tcp`, `https`. */
  readonly scheme: string;
  start(): Promise<ReceiverAddress>;
  close(): Promise<void>;
  counted(): Counted;
  /** All counters, for `--json`. */
  stats(): object;
  /** Lines below the counters, at the end. */
  details(): readonly string[];
}

export interface Counted {
  /** `messages`, `events` */
  readonly what: string;
  readonly count: number;
  readonly bytes: number;
  readonly sequence: SequenceStats;
}

/** Escapes control characters: a message's line breaks and terminal sequences must not take effect. */
export function makeVisible(text: string): string {
  return text.replaceAll(/\p{Cc}|[\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}
