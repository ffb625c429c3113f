/** The same over TLS: what its end in front of TCP's changes, and what the wire shows of it. */
import { connected } from './lab.ts';
import type { Script } from './script.ts';

const small = 1000;
const beyondTheirs = 1_000_000;

export const tlsScripts: readonly Script[] = [
  {
    name: 'our end, then the peer’s',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      lab.peer.do(['read']);
      await ours.hears('written');
      ours.socket.end();
      await ours.hears('finish');
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      await ours.notesState();
      lab.peer.do(['end']);
      await ours.hears('close');
      await ours.ended();
      return [...ours.seen, `peer has ${lab.peer.received}`];
    },
  },
  {
    name: 'our end, then the peer’s without a close_notify',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read']);
      ours.socket.end();
      await ours.hears('finish');
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      await lab.settle();
      lab.peer.do(['endBare']);
      await ours.hears('close');
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'a session is resumed',
    async run(lab) {
      const first = await connected(lab);
      first.socket.destroy();
      await first.hears('close');
      const second = await connected(lab, first.session);
      return [...first.seen, ...second.seen];
    },
  },
  {
    name: 'the peer’s end, then ours',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read'], ['end']);
      await ours.hears('end');
      await ours.notesState();
      ours.socket.end();
      await ours.hears('close');
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'the peer closes, with unread bytes',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondTheirs);
      await lab.settle();
      lab.peer.do(['close']);
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'our end, and the peer closes a connection that it has not read',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondTheirs);
      await ours.hears('written');
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      lab.peer.do(['close']);
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'our end, the peer’s without having read, and its close',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondTheirs);
      await ours.hears('written');
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      lab.peer.do(['end']);
      await ours.hears('end');
      lab.peer.do(['close']);
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'the peer’s process is killed, with unread bytes',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondTheirs);
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
      await ours.hears('written');
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
    name: 'writes to a peer that is gone',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read']);
      await lab.settle();
      lab.peer.kill();
      await ours.hears('end');
      ours.write(small, 'first');
      await ours.hears('first');
      await lab.settle();
      ours.write(small, 'second');
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'we close',
    async run(lab) {
      const ours = await connected(lab);
      ours.socket.destroy();
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'we close what is below',
    async run(lab) {
      const ours = await connected(lab);
      ours.raw.destroy();
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'we close while a write waits',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.stop();
      ours.write(48 << 20);
      await lab.settle();
      ours.socket.destroy();
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
];
