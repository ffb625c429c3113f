/** A syslog receiver, as the flags ask for it. */
import { createReceiver, type ReceivedMessage, type ReceiverOptions } from '../../receiver/receiver.ts';
import { mostServedConnections, onRefusedConnection } from '../process/descriptors.ts';
import { readNumber, readTls } from './read-flags.ts';
import { makeVisible, type ReceiverFlags, type ServedReceiver } from './served.ts';

/** @param problems gets all problems; with any, the receiver is of no use */
export function serveSyslog(
  protocol: ReceiverOptions['protocol'],
  flags: ReceiverFlags,
  problems: string[],
): () => ServedReceiver {
  const { host, framing = 'auto', rfc = flags.count ? undefined : 'any' } = flags;
  const options = {
    protocol,
    host,
    port: readNumber('--port', flags.port ?? '5514', 0, 65_535, problems),
    framing,
    maxConnections: mostServedConnections(),
    onRefused: onRefusedConnection((text) => process.stderr.write(`sls-syslog receiver: ${text}\n`)),
    maxMessageBytes: readNumber('--max-message-bytes', flags.maxMessageBytes ?? '16777216', 1, 1 << 30, problems),
    ...(rfc !== undefined && { rfc }),
    ...readTls(flags, protocol === 'tls' ? 'always' : 'never', problems),
    ...(!flags.count && { onMessage: printMessage }),
    onProblem: (problem: string) => process.stderr.write(`${makeVisible(problem)}\n`),
  };
  return () => {
    const receiver = createReceiver(options);
    return {
      scheme: protocol,
      start: () => receiver.start(),
      close: () => receiver.close(),
      stats: () => receiver.stats(),
      counted: () => {
        const { messages, bytes, sequence } = receiver.stats();
        return { what: 'messages', count: messages, bytes, sequence };
      },
      details: () => {
        const { bytes, connections, malformed, malformedByRule, framingErrors, unfinished, sequence } =
          receiver.stats();
        return [
          `${bytes} bytes over ${connections} connections; ${sequence.unnumbered} without a sequence number`,
          `${malformed} malformed, ${framingErrors} connections with broken framing, ${unfinished} messages without an end`,
          ...Object.entries(malformedByRule).map(([rule, count]) => `  ${count} × ${makeVisible(rule)}`),
        ];
      },
    };
  };
}

function printMessage({ bytes, peer, parsed }: ReceivedMessage): void {
  process.stdout.write(`${makeVisible(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())}\n`);
  if (parsed?.isValid === false) {
    process.stderr.write(`${peer}: malformed at byte ${parsed.offset}: ${makeVisible(parsed.rule)}\n`);
  }
}
