/** Processes that are killed, or stopped; what comes in one event of our loop; what we do ourselves; datagrams. */
import { connected, datagramSocket, Ours } from './lab.ts';
import type { Script } from './script.ts';

const small = 1000;
/** More than the peer's buffer takes, and less than both do. */
const beyondTheirs = 1_000_000;
const beyondBoth = 48 << 20;

export const processScripts: readonly Script[] = [
  {
    name: 'the peer’s process is killed, with everything read',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      lab.peer.do(['read']);
      await lab.until(() => lab.peer.received === small, 'our bytes');
      lab.peer.kill();
      await ours.hears('end');
      ours.socket.end();
      await ours.hears('close');
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'the peer’s process is killed, with unread bytes',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      await lab.settle();
      lab.peer.kill();
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'the peer’s process is killed behind our end, with everything read',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      lab.peer.do(['read']);
      ours.socket.end();
      await ours.hears('finish');
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      await lab.settle();
      lab.peer.kill();
      await ours.hears('close');
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'the peer’s process is killed behind our end, with unread bytes',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      lab.peer.kill();
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'the peer’s process is killed while it is stopped, with unread bytes behind our end',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read']);
      await lab.settle();
      lab.peer.stop();
      ours.write(small);
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      await ours.notesState();
      lab.peer.kill();
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'the peer’s process is stopped while we write and end, and goes on then',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read']);
      await lab.settle();
      lab.peer.stop();
      ours.write(small);
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      await ours.notesState();
      lab.peer.resume();
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      lab.peer.do(['end']);
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'a stopped process’ kernel takes connections and bytes',
    async run(lab) {
      lab.peer.stop();
      await lab.settle();
      const ours = new Ours(lab);
      ours.write(small);
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      await ours.notesState();
      lab.peer.kill();
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'a reset behind both ends',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      lab.peer.do(['read']);
      ours.socket.end();
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      await lab.settle();
      lab.peer.do(['end']);
      await ours.hears('end');
      await lab.settle();
      lab.peer.do(['reset']);
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'half open for long, and the peer still writes',
    async run(lab) {
      const ours = await connected(lab);
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      for (let i = 1; i <= 3; i++) {
        lab.peer.do(['write', small]);
        await lab.until(() => ours.bytes === i * small, 'bytes');
      }
      await ours.notesState();
      lab.peer.do(['read'], ['write', small], ['end']);
      await ours.ended();
      return [...ours.seen, `${ours.bytes} bytes`];
    },
  },
  {
    name: 'bytes and the end in one event of ours',
    async run(lab) {
      const ours = await connected(lab);
      await lab.deaf(() => lab.peer.do(['read'], ['write', small], ['end']));
      await ours.hears('end');
      return [...ours.seen, `${ours.bytes} bytes`];
    },
  },
  {
    name: 'bytes and a reset in one event of ours',
    async run(lab) {
      const ours = await connected(lab);
      await lab.deaf(() => lab.peer.do(['write', small], ['reset']));
      return [...ours.seen, `${ours.bytes} bytes`];
    },
  },
  {
    name: 'a reset and nothing else, in one event of ours',
    async run(lab) {
      const ours = await connected(lab);
      await lab.deaf(() => lab.peer.do(['reset']));
      return ours.seen;
    },
  },
  {
    name: 'the end and a reset behind it, in one event of ours, behind our end',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondTheirs);
      await ours.hears('written');
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      await lab.deaf(
        () => lab.peer.do(['end']),
        () => lab.peer.kill(),
      );
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'we reset',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read']);
      ours.socket.resetAndDestroy();
      await ours.hears('close');
      await lab.until(() => lab.peer.hasSeenReset, 'our reset');
      return ours.seen;
    },
  },
  {
    name: 'we close, with everything read',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read']);
      ours.socket.destroy();
      await ours.hears('close');
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      return ours.seen;
    },
  },
  {
    name: 'we close while a write waits',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondBoth);
      await lab.settle();
      ours.socket.destroy();
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'we close while two writes wait',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondBoth, 'first');
      ours.write(small, 'second');
      await lab.settle();
      ours.socket.destroy(new Error('enough'));
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'the peer writes to us behind our close',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read']);
      ours.socket.destroy();
      await ours.hears('close');
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      lab.peer.do(['write', small]);
      await lab.settle();
      lab.peer.do(['write', small]);
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'we end before the connection is up',
    async run(lab) {
      const ours = new Ours(lab);
      ours.write(small);
      ours.socket.end();
      await ours.hears('finish');
      await lab.until(() => lab.peer.isAccepted, 'the peer to accept');
      lab.peer.do(['read']);
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      lab.peer.do(['end']);
      await ours.hears('close');
      return [...ours.seen, `peer has ${lab.peer.received}`];
    },
  },
  {
    name: 'we give up before the connection is up',
    async run(lab) {
      const ours = new Ours(lab);
      ours.socket.destroy();
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'datagrams to a port that nobody listens on',
    async run(lab) {
      const { socket, seen, up } = datagramSocket(lab, lab.closedPort);
      let isUp = false;
      void up.then(() => (isUp = true));
      await lab.until(() => isUp, 'the socket');
      const send = (name: string, bytes: number) =>
        socket.send(Buffer.alloc(bytes), 0, bytes, (error) => seen.push(error ? error.message : name));
      send('first', small);
      await lab.settle();
      send('second', 100_000);
      await lab.settle();
      send('third', small);
      await lab.settle();
      socket.close();
      await lab.settle();
      return seen;
    },
  },
];
