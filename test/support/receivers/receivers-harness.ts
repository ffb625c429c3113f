/** A sink over several scripted receivers, and what it told. */
import type { Clock } from '../../../src/core/time/clock.ts';
import type { Strategy } from '../../../src/sink/receivers/placement.ts';
import { createReceiversSink, type Placed, type ReceiverFactory } from '../../../src/sink/receivers/receivers.ts';
import type { Sink } from '../../../src/sink/sink.ts';
import { ScriptedSink } from './scripted-sink.ts';
import { ChunkMaker, createLogRecorder, EventRecorder, type LogLine, type TestMark } from './sink-harness.ts';

export type Member = ScriptedSink<Placed<TestMark>>;

export interface ReceiversUnderTest {
  readonly sink: Sink<TestMark>;
  readonly members: readonly Member[];
  readonly events: EventRecorder;
  readonly chunks: ChunkMaker;
  readonly lines: LogLine[];
  /** One delivery of one frame, `<stream>.<id> `. Settles when the sink has taken it. */
  send(stream: string, id: number): Promise<void>;
}

export function createReceiversUnderTest(
  clock: Clock,
  count: number,
  strategy: Strategy,
  { failbackAfterMs = 100, patienceMs = 30 } = {},
): ReceiversUnderTest {
  const events = new EventRecorder();
  const chunks = new ChunkMaker();
  const { log, lines } = createLogRecorder();
  const members: Member[] = [];
  const factories = Array.from({ length: count }, (_, index): ReceiverFactory<TestMark> => {
    return (itsEvents) => {
      const member = new ScriptedSink(`tcp://${'abcdef'[index]}:514`, itsEvents, clock);
      members.push(member);
      return member;
    };
  });
  const sink = createReceiversSink(
    factories,
    { strategy, failbackAfterMs, ejectAfterMs: patienceMs, log, clock },
    events,
  );
  return {
    sink,
    members,
    events,
    chunks,
    lines,
    async send(stream, id) {
      const delivery = sink.deliver({ stream, id });
      await delivery.write(chunks.chunk([`${stream}.${id} `]));
      delivery.end();
    },
  };
}
