/** Exit codes, and the text for problems in the configuration. */
import type { ConfigProblem } from '../../core/errors.ts';

export const exitCodes = {
  /** All that was sent is confirmed and checkpointed, and all that was to be shipped was. */
  ok: 0,
  failure: 1,
  configuration: 2,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 *     sls-syslog: 2 problems in the configuration
 *       - host is missing: name or address of the receiver
 *           --host, SYSLOG_HOST
 *       - port (from SYSLOG_PORT): "99999" is not a port; give a number from 1 to 65535
 *           --port, SYSLOG_PORT
 */
export function describeProblems(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  const lines = problems.flatMap(({ message, flag, variable, at }) => {
    const places = [flag, variable, at].filter((place) => place !== undefined);
    return places.length > 0 ? [`  - ${message}`, `      ${places.join(', ')}`] : [`  - ${message}`];
  });
  return [
    `sls-syslog: ${count} in the configuration`,
    ...lines,
    'sls-syslog --help lists all settings; sls-syslog demo needs none.',
    '',
  ].join('\n');
}
