/** What TCP sends. Sequence numbers start at 0 and never wrap; a FIN takes one, a SYN none. */

export interface Address {
  readonly address: string;
  readonly port: number;
}

export interface Segment {
  readonly from: Address;
  readonly to: Address;
  readonly seq: number;
  /** The next byte that the sender waits for. */
  readonly ack: number;
  /** How many more bytes it has room for. */
  readonly window: number;
  readonly data: readonly Buffer[];
  readonly bytes: number;
  readonly flag: 'SYN' | 'SYN-ACK' | 'RST' | undefined;
  readonly fin: boolean;
}

/** Names a connection at the end that has it. */
export function connectionKey(local: Address, remote: Address): string {
  return `${local.address} ${local.port} ${remote.address} ${remote.port}`;
}
