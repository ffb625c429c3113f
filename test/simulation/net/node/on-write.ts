import type { TcpEndpoint } from '../kernel/tcp-endpoint.ts';

/**
 * Told of what a process gives to its kernel: something of the first of these, and maybe all.
 * @param endpoint undefined: datagrams
 */
export type OnWrite = (chunks: readonly Uint8Array[], endpoint?: TcpEndpoint) => void;
