/** Who ends, closes or resets first, with what unread; who refuses, and who lets writes wait. */
import { connected, Ours } from './lab.ts';
import type { Script } from './script.ts';

const small = 1000;
/** More than the peer's buffer takes, and less than both do. */
const beyondTheirs = 1_000_000;
const beyondBoth = 48 << 20;

export const endScripts: readonly Script[] = [
  {
    name: 'our end, then the peer’s',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      lab.peer.do(['read']);
      ours.socket.end();
      await ours.hears('finish');
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      await lab.settle();
      await ours.notesState();
      lab.peer.do(['end']);
      await ours.hears('close');
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'the peer’s end, then ours',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read'], ['end']);
      await ours.hears('end');
      await lab.settle();
      await ours.notesState();
      ours.write(small);
      ours.socket.end();
      await ours.hears('close');
      await ours.ended();
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      return [...ours.seen, `peer has ${lab.peer.received}`];
    },
  },
  {
    name: 'the peer resets, with unread bytes',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      await lab.settle();
      lab.peer.do(['reset']);
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'the peer closes, with unread bytes',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      await lab.settle();
      lab.peer.do(['close']);
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'the peer closes, with everything read',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      lab.peer.do(['read']);
      await lab.until(() => lab.peer.received === small, 'our bytes');
      lab.peer.do(['close']);
      await ours.hears('end');
      await lab.settle();
      await ours.notesState();
      return ours.seen;
    },
  },
  {
    name: 'our end, and the peer closes a connection that it has not read',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      lab.peer.do(['close']);
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'our end, the peer’s without having read, and its close: all was in its kernel',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(small);
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
    name: 'our end, the peer’s without having read, and its close: not all was in its kernel',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondTheirs);
      await ours.hears('written');
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      await ours.notesState();
      lab.peer.do(['end']);
      await ours.hears('end');
      await lab.settle();
      await ours.notesState();
      lab.peer.do(['close']);
      await ours.ended();
      return ours.seen;
    },
  },
  {
    name: 'our end, the peer’s without having read, and then it reads',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondTheirs);
      await ours.hears('written');
      ours.socket.end();
      await ours.hears('finish');
      await lab.settle();
      lab.peer.do(['end']);
      await ours.hears('end');
      lab.peer.do(['read']);
      await ours.ended();
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      return [...ours.seen, `peer has ${lab.peer.received}`];
    },
  },
  {
    name: 'both end at the same time',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read'], ['end']);
      ours.socket.end();
      await ours.hears('close');
      await ours.ended();
      return ours.seen;
    },
    allowed: {
      why: 'which of the two is first is a race of two processes; seen first by the kernel, it may be told later',
      outcomes: [
        ['connect', 'finish', 'end', 'close', 'outcome unknown'],
        ['connect', 'end', 'finish', 'close', 'outcome unknown'],
        ['connect', 'finish', 'end', 'close', 'outcome acknowledged'],
      ],
    },
  },
  {
    name: 'writes to a peer that has ended and closed',
    async run(lab) {
      const ours = await connected(lab);
      lab.peer.do(['read'], ['close']);
      await ours.hears('end');
      ours.write(small, 'first');
      await ours.hears('first');
      await lab.settle();
      await ours.notesState();
      ours.write(small, 'second');
      await ours.hears('close');
      ours.write(small, 'third');
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'nobody listens',
    async run(lab) {
      const ours = new Ours(lab, { port: lab.closedPort });
      ours.write(small);
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'nobody listens at any of two addresses',
    async run(lab) {
      const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
      const ours = new Ours(lab, {
        host: 'two.example',
        port: lab.closedPort,
        autoSelectFamily: true,
        lookup: (_name, _options, done) => process.nextTick(done, null, addresses),
      });
      await ours.hears('close');
      return ours.seen;
    },
  },
  {
    name: 'a slow reader holds a write back',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondBoth);
      await lab.settle();
      ours.seen.push('not yet');
      ours.socket.end();
      lab.peer.do(['read']);
      await ours.hears('finish');
      await lab.until(() => lab.peer.hasSeenEnd, 'our end');
      return [...ours.seen, `peer has ${lab.peer.received}`];
    },
  },
  {
    name: 'the peer ends while a write waits, and reads then',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondBoth);
      await lab.settle();
      lab.peer.do(['end']);
      await ours.hears('end');
      lab.peer.do(['read']);
      await ours.hears('written');
      return ours.seen;
    },
  },
  {
    name: 'the peer resets while a write waits',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondBoth);
      await lab.settle();
      lab.peer.do(['reset']);
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
  {
    name: 'the peer resets behind its end while a write waits',
    async run(lab) {
      const ours = await connected(lab);
      ours.write(beyondBoth);
      await lab.settle();
      lab.peer.do(['end']);
      await ours.hears('end');
      lab.peer.do(['close']);
      await ours.hears('close');
      await lab.settle();
      return ours.seen;
    },
  },
];
