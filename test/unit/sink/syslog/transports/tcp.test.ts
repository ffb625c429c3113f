import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isSelfConnection } from '../../../../../src/sink/syslog/transports/tcp.ts';
import { freePort, useSinkScope } from '../../../../support/receivers/sink-scope.ts';

const { createPeer } = useSinkScope();

describe('isSelfConnection', () => {
  it('knows a socket that TCP has connected with itself', async () => {
    const port = await freePort();
    const socket = connect({ port, host: '127.0.0.1', localPort: port, localAddress: '127.0.0.1' });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    expect(isSelfConnection(socket)).toBe(true);
    socket.destroy();
  });

  it('has nothing against another one', async () => {
    const { port } = await createPeer();
    const socket = connect({ port, host: '127.0.0.1' });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    expect(isSelfConnection(socket)).toBe(false);
    socket.destroy();
  });
});
