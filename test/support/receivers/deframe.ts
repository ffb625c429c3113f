/** Frames → messages, piece by piece as a socket would bring them. Independent of the encoder and of the receiver. */

export interface Deframer {
  /** The messages that these bytes completed. */
  push(bytes: Uint8Array): Buffer[];
  /** Bytes of a message that is not complete yet. */
  readonly pending: number;
}

/** RFC 6587, 3.4.1, strictly: no leading zero, one space. */
export function octetCountingDeframer(): Deframer {
  let held = Buffer.alloc(0);
  return {
    get pending() {
      return held.length;
    },
    push(bytes) {
      held = Buffer.concat([held, bytes]);
      const messages: Buffer[] = [];
      let at = 0;
      for (;;) {
        const space = held.indexOf(' ', at);
        const count = held.toString('latin1', at, space < 0 ? held.length : space);
        if (count !== '' && !/^[1-9][0-9]{0,9}$/.test(count))
          throw new Error(`bad octet count ${JSON.stringify(count)}`);
        if (space === at) throw new Error('an octet count is missing');
        const end = space + 1 + Number(count);
        if (space < 0 || held.length < end) break;
        messages.push(Buffer.from(held.subarray(space + 1, end)));
        at = end;
      }
      held = Buffer.from(held.subarray(at));
      return messages;
    },
  };
}

/** RFC 6587, 3.4.2: a line feed ends a message. */
export function lineDeframer(): Deframer {
  let held = Buffer.alloc(0);
  return {
    get pending() {
      return held.length;
    },
    push(bytes) {
      const parts = Buffer.concat([held, bytes]).toString('latin1').split('\n');
      held = Buffer.from(parts.pop() ?? '', 'latin1');
      return parts.map((part) => Buffer.from(part, 'latin1'));
    },
  };
}
