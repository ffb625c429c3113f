/** The tables of docs/log-service.md, made from the readings of the protocol and from the table of errors. */
import type { ErrorAction } from '../../../src/core/errors.ts';
import { defaultReading, type Property, readings } from '../../../src/emulator/dialect-text.ts';
import {
  actionFor,
  badAnswer,
  classify,
  connectionErrors,
  type ErrorClass,
  type ErrorKind,
  otherConnectionError,
  timedOut,
  unexpected,
} from '../../../src/sls/error-table.ts';
import { type Operation, operations } from '../../../src/sls/operations.ts';

/** What the daemon does about it, whichever the reading is. */
const daemonDoes: Readonly<Record<Property, string>> = {
  strictOwner:
    'The daemon sends a heartbeat that lists a shard as soon as the shard is granted. If a save is refused before that heartbeat, the daemon tries the save again, as long as heartbeats grant the shard.',
  errorBody: 'The daemon finds the code and the message in each of these bodies, with keys in upper or lower case.',
  consumerNotExist:
    'The daemon accepts both spellings. It sends a heartbeat, and leaves the shard only if the answer does not grant the shard.',
  shardNotExist:
    'The daemon accepts both spellings. It lists the shards, and leaves the shard only if the list does not have the shard.',
  lostCheckpoint:
    'The daemon treats all three codes alike: it sends a heartbeat, and leaves the shard only if the answer does not grant the shard.',
  endOfCursor:
    'If the header says that there is more data, the daemon pulls again after a quarter of `--fetch-interval`. It takes a shard to be at its end only when the cursor does not move.',
  cursorTime: 'The daemon does not use this time.',
  noCheckpoint:
    'An empty, a null and a missing checkpoint all mean no checkpoint to the daemon. It asks once more with another request. If there is still no checkpoint, the shard begins where `--from` says.',
  noCheckpointTime: 'To the daemon, 0 and a missing updateTime both mean that the time is not known.',
  groupSettings:
    'The daemon follows the timeout and the order in the list. What the list does not have, the daemon takes from its own settings (`--heartbeat-interval`, `--in-order`): these settings should be the same for all consumers of a group.',
  balance:
    'The daemon lists a shard that it is to give up in its heartbeats until all sent logs are confirmed and the checkpoint is saved. So the next owner of the shard sends nothing twice.',
  grantOrder: 'The daemon does not depend on the order.',
  grantsABeat: 'The daemon starts the granted shards, and sends the next heartbeat at once.',
  checksCursors:
    'The daemon saves only cursors that the service has given it. If somebody else has set a checkpoint that no pull accepts, the daemon reads the checkpoint again until somebody has corrected it; nothing is skipped.',
  lateHeartbeatKeeps:
    'The daemon drops its shards before the timeout. So its next heartbeat lists no shards, and each shard that is granted then begins at its checkpoint.',
  readOnlySpelling:
    'The daemon accepts the status in upper and lower case. It goes on pulling a shard with any other status, since the shard may get more data.',
};

export function readingsDocument(): string {
  const rows = readings.map(({ text, property, means }) => {
    return [code(text), ...[means, defaultReading(property).means, daemonDoes[property]].map(inCode)];
  });
  return table(['reading', 'what the service does then', 'what is usual instead', 'what the daemon does'], rows);
}

/** As the service spells them; which class they are of, the table of errors says. */
export const serviceCodes = [
  'Unauthorized',
  'InvalidAccessKeyId',
  'InvalidSecurityToken',
  'SecurityTokenInvalid',
  'SecurityTokenExpired',
  'SignatureNotMatch',
  'RequestTimeTooSkewed',
  'RequestTimeExpired',
  'ProjectNotExist',
  'LogStoreNotExist',
  'ConsumerGroupQuotaExceed',
  'ProjectForbidden',
  'ShardReadQuotaExceed',
  'ReadQuotaExceed',
  'MetaOperationQpsLimitExceeded',
  'ServerBusy',
  'InternalServerError',
  'RequestTimeout',
  'InvalidCursor',
  'ShardNotExist',
  'ConsumerNotMatch',
  'ConsumerNotExist',
  'ConsumerGroupNotExist',
  'ConsumerGroupAlreadyExist',
] as const;

/** Each with an example, and what is done where the table says only whose it is. */
const kinds: Readonly<Record<ErrorKind, string>> = {
  credentials:
    'The access key was deleted, the secret is wrong, or a token has expired. While the daemon runs, it reads the configuration file for another key before the next try.',
  clock:
    "This machine's clock is wrong by more than 15 minutes. The daemon's log has the service's time and the machine's time.",
  configuration:
    'There is no such project or logstore at this endpoint, or the logstore has as many consumer groups as the service allows.',
  request: 'The service refuses a request, with a code that is not in the table below.',
  address: 'The certificate of the endpoint is not trusted, or there is no TLS on that port.',
  'not-the-service':
    'A proxy answers 403 with a page of its own. Such a page says nothing about the service, and may be gone in a moment.',
  transient: 'The service is busy, a quota is used up, a connection is reset, no answer comes in time.',
  cursor:
    "The service refuses a pull, perhaps because the data has expired. The daemon pulls again; then it asks for the times of the cursor and of the shard's beginning. Only if the cursor is shown to lie before the beginning, the shard goes on at the beginning, and the log says how much is lost. Otherwise the shard waits, and the other shards go on.",
  shard:
    'A shard was deleted. The daemon leaves the shard if the list of shards does not have it, or, after a refused checkpoint, if the next heartbeat does not grant it. Otherwise the daemon sends the request again.',
  ownership:
    'The service refuses a checkpoint, because another consumer may own the shard. The daemon sends a heartbeat: if the answer grants the shard, the daemon saves the checkpoint again; otherwise it leaves the shard.',
  group:
    'Somebody has deleted the group: the first consumer that notices creates the group again, and every consumer saves its confirmed cursors. Or two consumers create the group at the same time: the slower consumer uses the group that exists.',
};

const words: Readonly<Record<ErrorAction, string>> = {
  fatal: '**ends the process**',
  retry: 'tried again',
  reject: "the caller's to act on",
  'release-shard': "the caller's to act on",
};

/** What no row of the table of errors names. */
const others: readonly (readonly [ErrorClass, string])[] = [
  [classify(400, 'AnyOther'), 'any other code'],
  [classify(404, ''), 'an error without a code'],
  [timedOut, 'no complete answer in time'],
  [badAnswer, 'an answer that is not what was asked for'],
  [otherConnectionError, 'any other error of the network'],
  [unexpected, 'any other exception'],
];

/** Whose action does not depend on the operation. */
const anyOperation: Operation = 'heartbeat';

interface ClassRow {
  readonly kind: ErrorKind;
  readonly classes: ErrorClass[];
  readonly ofService: string[];
  readonly ofNetwork: string[];
  readonly inWords: string[];
}

export function errorKindsDocument(): string {
  const classes = [...classRows().values()].flatMap(({ classes: each }) => each);
  const rows = (Object.keys(kinds) as ErrorKind[]).map((kind) => {
    const own = classes.filter((each) => each.kind === kind);
    const phase = (at: 'start' | 'running') =>
      [...new Set(own.map((each) => words[actionFor(anyOperation, each, at)]))].join(', or ');
    return [code(kind), phase('start'), phase('running'), kinds[kind]];
  });
  return table(['class', 'at the start', 'while the daemon runs', 'for example'], rows);
}

export function errorCodesDocument(): string {
  const rows = [...classRows()].map(([name, { kind, ofService, ofNetwork, inWords }]) => {
    const answers = [...ofService, ...ofNetwork].map(code);
    return [code(name), code(kind), [...answers, ...inWords].join(', ')];
  });
  return table(['code in the log', 'class', "the service's codes, errors of the network"], rows);
}

/** What is made of a code that is not in the table. */
export function errorStatusDocument(): string {
  const cell = (status: number, serviceCode: string) => {
    const { code: name, kind } = classify(status, serviceCode);
    return `${code(name)} (${kind})`;
  };
  const statuses = [
    ['401', 401],
    ['408', 408],
    ['429', 429],
    ['any other below 500', 403],
    ['500 and above', 502],
  ] as const;
  const rows = statuses.map(([text, status]) => [text, cell(status, 'AnyOther'), cell(status, '')]);
  return table(['status', 'with a code that is not in the table', 'without a code'], rows);
}

/** A refusal that nobody knows the reason of is not tried again with these. */
export function givenUpDocument(): string {
  const all = Object.values(operations).filter(({ givesUpRefused }) => givesUpRefused);
  return `${all.map(({ description }) => `- ${description}`).join('\n')}\n`;
}

function classRows(): Map<string, ClassRow> {
  const rows = new Map<string, ClassRow>();
  const rowOf = (its: ErrorClass): ClassRow => {
    const row = rows.get(its.code) ?? { kind: its.kind, classes: [], ofService: [], ofNetwork: [], inWords: [] };
    row.classes.push(its);
    rows.set(its.code, row);
    return row;
  };
  for (const serviceCode of serviceCodes) rowOf(classify(400, serviceCode)).ofService.push(serviceCode);
  for (const [name, its] of Object.entries(connectionErrors)) rowOf(its).ofNetwork.push(name);
  for (const [its, text] of others) rowOf(its).inWords.push(text);
  return rows;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), `|${'---|'.repeat(titles.length)}`, ...rows.map(line), ''].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

/** What is on the wire. */
function inCode(sentence: string): string {
  return sentence.replace(/\{.*\}|x-log-[a-z-]+/g, code);
}
