/**
 * A format of your own: one line of what an audit log says.
 *
 *     sls-syslog --format module --module ./formatter.js --dead-letter /var/lib/sls-syslog/dead.jsonl …
 *
 *     ConsoleSignin by alice from 192.0.2.7 (cn-hangzhou)
 *
 * The types are those of `sls-syslog/plugin`; editors check this file with them.
 *
 * @type {import('sls-syslog/plugin').CreateFormatter<{ unknown?: string }>}
 */
export default function createFormatter(options) {
  const unknown = options.unknown ?? '-';
  return {
    format(log) {
      const json = log.get('event');
      // What is thrown here concerns this log only: it goes to the dead letters.
      if (json === undefined) throw new Error('the log has no field "event"');
      const event = JSON.parse(json);
      const who = event.userIdentity?.userName ?? event.userIdentity?.principalId ?? unknown;
      const from = event.sourceIpAddress ?? unknown;
      return `${event.eventName ?? unknown} by ${who} from ${from} (${event.acsRegion ?? unknown})`;
    },
  };
}
