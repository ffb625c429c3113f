/** The tables of docs/log-service.md, made from the readings of the protocol and from the table of errors. */
import type { ErrorAction } from '../../../src/core/errors.ts';
import { type Property, readings, usualReading } from '../../../src/emulator/dialect-text.ts';
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
    'It sends a heartbeat that lists a shard as soon as the shard is granted. A save that is refused before that is tried again, as long as heartbeats grant the shard.',
  errorBody: 'It finds the code and the message in each of these bodies, with keys in capitals or not.',
  consumerNotExist:
    'It knows both spellings. It sends a heartbeat, and leaves the shard only if the answer does not grant it.',
  shardNotExist: 'It knows both spellings. It lists the shards, and leaves this one only if the list does not have it.',
  lostCheckpoint:
    'It knows all of them, and does the same: it sends a heartbeat, and leaves the shard only if the answer does not grant it.',
  endOfCursor:
    'Where it is said that there is more, it pulls again after a quarter of `--fetch-interval`. It takes a shard to be at its end only when the cursor does not move.',
  cursorTime: 'It does not use that.',
  noCheckpoint:
    'It takes each for no checkpoint, and asks once more in another way. If there is still none, the shard begins where `--from` says.',
  noCheckpointTime: 'It takes both for a time that is not known.',
  groupSettings:
    'It goes by what the list says. What is not said is taken from its own settings (`--heartbeat-interval`, `--in-order`): they should be the same for all consumers of a group.',
  balance:
    'A shard that it is to give up stays in its heartbeats until all that was sent is confirmed and saved. Who gets it next sends nothing twice.',
  grantOrder: 'The order means nothing to it.',
  grantsABeat: 'It begins with what is granted, and sends the next heartbeat at once.',
  checksCursors:
    'It saves only cursors that a pull has given it. A checkpoint that somebody else has set, and that no pull takes, is read again until it is right; nothing is skipped.',
  lateHeartbeatKeeps:
    'It drops its shards before the service does. So it lists none when it comes back, and begins what is granted at the checkpoint.',
  readOnlySpelling:
    'It knows it in capitals or not. A shard with any other status is not taken to be at its end for good.',
};

export function readingsDocument(): string {
  const rows = readings.map(({ text, property, means }, at) => {
    const isFirst = readings[at - 1]?.property !== property;
    const others = isFirst ? [usualReading(property).means, daemonDoes[property]] : ['as above', 'the same'];
    return [code(text), inCode(means), ...others.map(inCode)];
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
    'The access key was deleted, the secret is wrong, a token has expired. While it runs, the configuration file is read for another key before the next try.',
  clock: "This machine's clock is wrong by more than 15 minutes. The log has the service's time beside its own.",
  configuration:
    'There is no such project or logstore at this endpoint, or the logstore has as many consumer groups as the service allows.',
  request: 'The service refuses what was asked, by a code that is not in the table below.',
  address: 'The certificate of the endpoint is not trusted, or there is no TLS on that port.',
  'not-the-service':
    'A proxy answers 403 with a page of its own. That says nothing about the service: the page may be gone in a moment.',
  transient: 'The service is busy, a quota is used up, a connection is reset, no answer comes in time.',
  cursor:
    "A pull is refused since the data may have expired. The cursor is asked for again, then its time and that of the shard's beginning. Only if it is shown to lie before the beginning, the shard goes on there, and the log says how much is lost. Otherwise the shard waits, and the others go on.",
  shard:
    'A shard was deleted. It is left if the list of shards does not have it; or, where a checkpoint was refused, if the next heartbeat does not grant it. Otherwise the same is asked again.',
  ownership:
    'A checkpoint is refused since another consumer may own the shard. A heartbeat is sent: if its answer grants the shard, the checkpoint is saved again; otherwise the shard is left.',
  group:
    'Somebody has deleted the group: who finds that out makes it again, and every consumer saves what it has confirmed. Or two consumers make it at a time: the slower one takes the group as it is.',
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
  return table(['class', 'at the start', 'while it runs', 'for example'], rows);
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
