/**
 * What a fault may cost: what was not confirmed when it came, and no more. So nobody pulls again what is checkpointed:
 * each log that is sent twice lies behind the checkpoint. And memory stays within `--max-in-flight`, and one batch more,
 * whenever something is sent.
 */
import type { CreateChecker } from './checker.ts';

/** A request may be on its way for so long, or arrive twice. */
const lateMs = 5_000;
/** What a shard is expected to bring before it has brought anything. */
const expectedBytes = 2 << 20;

interface Saved {
  readonly consumer: string;
  readonly sequence: number;
  readonly atMs: number;
}

export const costChecker: CreateChecker = (report, { settings }) => {
  /** By shard, oldest first; of one consumer only. */
  const saves = new Map<number, Saved[]>();
  /** The largest batch that a daemon was served. */
  const largestBytes = new Map<string, number>();
  return {
    saved({ shard, sequence, consumer, byHand, isRecalled, nowMs }) {
      const before = saves.get(shard) ?? [];
      if (byHand || isRecalled || sequence === undefined || before[0]?.consumer !== consumer) before.length = 0;
      if (!byHand && !isRecalled && sequence !== undefined) before.push({ consumer, sequence, atMs: nowMs });
      // The newest of those that are old enough is what counts.
      while (before.length > 1 && (before[1] as Saved).atMs <= nowMs - lateMs) before.shift();
      saves.set(shard, before);
    },
    pulled({ daemon, consumer, shard, from, bytes, nowMs }) {
      largestBytes.set(daemon, Math.max(largestBytes.get(daemon) ?? expectedBytes, bytes));
      const old = saves.get(shard)?.findLast(({ atMs }) => atMs <= nowMs - lateMs);
      if (!old || old.consumer !== consumer || from >= old.sequence) return;
      report(
        'cost',
        `${consumer} pulls shard ${shard} from log ${from}, and had saved ${old.sequence} ${Math.round(nowMs - old.atMs)} ms before`,
      );
    },
    wrote({ daemon, bytesInFlight }) {
      const oneBatchBytes = largestBytes.get(daemon) ?? expectedBytes;
      if (bytesInFlight > settings.maxInFlightBytes + oneBatchBytes) {
        report('cost', `${daemon} holds ${bytesInFlight} bytes, and --max-in-flight is ${settings.maxInFlightBytes}`);
      }
    },
    fault(kind) {
      if (kind.startsWith('group-')) saves.clear();
    },
  };
};
