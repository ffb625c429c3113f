import type { TcpEndpoint } from '../kernel/tcp-endpoint.ts';

/**
 * Told of what a process writes, when it does: some of it may wait for room then.
 * @param endpoint undefined: datagrams
 */
export type OnWrite = (chunks: readonly Uint8Array[], endpoint?: TcpEndpoint) => void;
