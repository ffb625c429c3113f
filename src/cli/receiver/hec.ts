/** A collector that speaks Splunk's HEC, as the flags ask for it. */
import { systemClock } from '../../core/time/clock.ts';
import type { HecEvent } from '../../receiver/hec/events.ts';
import { createHecReceiver } from '../../receiver/hec/server.ts';
import { duration } from '../../schema/units.ts';
import { mostServedConnections, onRefusedConnection } from '../process/descriptors.ts';
import { readNumber, readTls } from './read-flags.ts';
import { makeVisible, type ReceiverFlags, type ServedReceiver } from './served.ts';

/** @param problems gets all problems; with any, the collector is of no use */
export function serveHec(flags: ReceiverFlags, problems: string[]): () => ServedReceiver {
  // In the environment: everybody on the machine sees a flag.
  const token = process.env.SPLUNK_HEC_TOKEN;
  const indexAfter = duration({ min: '0s', max: '1h' }).safeParse(flags.indexAfter ?? '0s');
  if (!indexAfter.success) problems.push(`--index-after "${flags.indexAfter}" ${indexAfter.error.issues[0]?.message}`);
  const options = {
    clock: systemClock,
    host: flags.host,
    port: readNumber('--port', flags.port ?? '8088', 0, 65_535, problems),
    acknowledges: flags.ack,
    indexers: readNumber('--indexers', flags.indexers ?? '1', 1, 100, problems),
    maxConnections: mostServedConnections(),
    onRefused: onRefusedConnection((text) => process.stderr.write(`sls-syslog receiver: ${text}\n`)),
    ...(token && { tokens: [token] }),
    ...readTls(flags, 'with --cert', problems),
    ...(!flags.count && { onEvent: printEvent }),
    onProblem: (problem: string) => process.stderr.write(`${makeVisible(problem)}\n`),
  };
  return () => {
    const receiver = createHecReceiver(options);
    receiver.faults.set({ indexAfterMs: indexAfter.data ?? 0 });
    return {
      scheme: 'tls' in options ? 'https' : 'http',
      start: () => receiver.start(),
      close: () => receiver.close(),
      stats: () => receiver.stats(),
      counted: () => {
        const { events, bytes, sequence } = receiver.stats();
        return { what: 'events', count: events, bytes, sequence };
      },
      details: () => {
        const { bytes, connections, postsByCode, postsByStatus, acksAsked, acksTrue, sequence } = receiver.stats();
        return [
          `${bytes} bytes over ${connections} connections; ${sequence.unnumbered} without a sequence number`,
          `posts by code: ${listed(postsByCode)}; refused by HTTP status: ${listed(postsByStatus)}`,
          `${acksAsked} acknowledgements asked for, ${acksTrue} of them true`,
        ];
      },
    };
  };
}

function listed(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts);
  return entries.length === 0 ? 'none' : entries.map(([key, count]) => `${count} × ${key}`).join(', ');
}

function printEvent(event: HecEvent): void {
  process.stdout.write(`${makeVisible(JSON.stringify(event))}\n`);
}
