/**
 * The readings of the protocol as text, for a command line: `strict-owner`, `error-body=code`. Pure.
 *
 * The table has each value of each property of `Dialect`, also the usual ones: its type makes sure that none is
 * missing.
 */
import { ConfigError, type ConfigProblem } from '../core/errors.ts';
import { type Dialect, defaultDialect } from './protocol/dialect.ts';

export type Property = keyof Dialect;

interface Question<P extends Property> {
  /** The text in front of the `=`. */
  readonly name: string;
  /** The meaning of each value, in one sentence. */
  readonly means: Readonly<Record<`${Dialect[P]}`, string>>;
}

const questions: { readonly [P in Property]: Question<P> } = {
  strictOwner: {
    name: 'strict-owner',
    means: {
      false: 'A consumer may save the checkpoint of a shard as soon as a heartbeat has granted it the shard.',
      true: 'A consumer may save the checkpoint of a shard only when a heartbeat of its own has listed the shard.',
    },
  },
  errorBody: {
    name: 'error-body',
    means: {
      errorCode: 'The body of an error is {"errorCode": …, "errorMessage": …}.',
      code: 'The body of an error is {"code": …, "message": …}.',
      error: 'The body of an error is {"error": {"code": …, "message": …}}.',
      Error: 'The body of an error is {"Error": {"Code": …, "Message": …}}.',
    },
  },
  consumerNotExist: {
    name: 'consumer-not-exist',
    means: {
      ConsumerNotExsit: 'A consumer that the group does not know gets the error ConsumerNotExsit.',
      ConsumerNotExist: 'A consumer that the group does not know gets the error ConsumerNotExist.',
    },
  },
  shardNotExist: {
    name: 'shard-not-exist',
    means: {
      ShardNotExist: 'A request for a shard that does not exist gets the error ShardNotExist.',
      ShardNotExsit: 'A request for a shard that does not exist gets the error ShardNotExsit.',
    },
  },
  lostCheckpoint: {
    name: 'lost-checkpoint',
    means: {
      ConsumerNotMatch:
        'A consumer that saves the checkpoint of a shard that it does not own gets the error ConsumerNotMatch.',
      ConsumerNotExist:
        'A consumer that saves the checkpoint of a shard that it does not own gets the error ConsumerNotExist.',
      ConsumerNotExsit:
        'A consumer that saves the checkpoint of a shard that it does not own gets the error ConsumerNotExsit.',
    },
  },
  endOfCursor: {
    name: 'end-of-cursor',
    means: {
      false: 'A pull does not say whether there is more data.',
      true: 'A pull says in x-log-end-of-cursor whether it has come to the end of the shard (1) or not (0).',
    },
  },
  cursorTime: {
    name: 'cursor-time',
    means: {
      false: 'A pull does not say when its logs were received.',
      true: 'A pull says in x-log-cursor-time when the last of its logs was received.',
    },
  },
  noCheckpoint: {
    name: 'no-checkpoint',
    means: {
      empty: 'A checkpoint that nobody has saved is an empty text.',
      null: 'A checkpoint that nobody has saved is null.',
      absent: 'A checkpoint that nobody has saved is not in the list of checkpoints.',
    },
  },
  noCheckpointTime: {
    name: 'no-checkpoint-time',
    means: {
      zero: 'The updateTime of a checkpoint that nobody has saved is 0.',
      absent: 'A checkpoint that nobody has saved has no updateTime.',
    },
  },
  groupSettings: {
    name: 'group-settings',
    means: {
      given: 'The list of groups says the timeout and the order of each group.',
      missing: 'The list of groups says neither the timeout nor the order of a group.',
      'no-timeout': 'The list of groups does not say the timeout of a group.',
      'no-order': 'The list of groups does not say the order of a group.',
    },
  },
  balance: {
    name: 'balance',
    means: {
      'least-moves': 'When a consumer comes or goes, as few shards as possible move.',
      rehash: 'When a consumer comes or goes, all shards are dealt out anew, and nearly all of them move.',
      greedy:
        'When a consumer comes or goes, one shard moves at a time, until no consumer has two shards more than another.',
    },
  },
  grantOrder: {
    name: 'grant-order',
    means: {
      ascending: "The answer to a heartbeat has the shards' numbers in ascending order.",
      descending: "The answer to a heartbeat has the shards' numbers in descending order.",
      shuffled: "The answer to a heartbeat has the shards' numbers in a random order, each time another order.",
    },
  },
  grantsABeat: {
    name: 'grants-a-beat',
    means: {
      all: 'The answer to a heartbeat grants all shards that the consumer is to have.',
      one: 'The answer to a heartbeat grants one shard more than the answer before, until the consumer has all of them.',
    },
  },
  checksCursors: {
    name: 'checks-cursors',
    means: {
      true: 'The service refuses a checkpoint that is not a cursor of the shard.',
      false: 'The service saves any checkpoint, even if it is not a cursor of the shard.',
    },
  },
  lateHeartbeatKeeps: {
    name: 'late-heartbeat-keeps',
    means: {
      true: 'A consumer that sends a heartbeat again after the timeout gets back the listed shards that no other consumer has.',
      false:
        'A consumer that sends a heartbeat again after the timeout gets back the listed shards only with the next heartbeat.',
    },
  },
  readOnlySpelling: {
    name: 'read-only',
    means: {
      readonly: 'The status of a shard that was split or merged is readonly.',
      READONLY: 'The status of a shard that was split or merged is READONLY.',
    },
  },
};

export interface Reading {
  /** The reading on the command line: `error-body=code`; for the value `true`, the name alone. */
  readonly text: string;
  readonly property: Property;
  readonly means: string;
  readonly isDefault: boolean;
  readonly dialect: Partial<Dialect>;
}

const everyReading: readonly Reading[] = (Object.keys(questions) as Property[]).flatMap((property) => {
  const { name, means } = questions[property];
  return Object.entries(means).map(([value, meaning]) => ({
    text: value === 'true' ? name : `${name}=${value}`,
    property,
    means: meaning,
    isDefault: value === String(defaultDialect[property]),
    dialect: { [property]: typeof defaultDialect[property] === 'boolean' ? value === 'true' : value },
  }));
});

/** The readings that are not the usual ones. */
export const readings: readonly Reading[] = everyReading.filter(({ isDefault }) => !isDefault);

const allTexts = readings.map(({ text }) => text).join(', ');

/** The usual reading of a property. */
export function defaultReading(property: Property): Reading {
  return everyReading.find((reading) => reading.property === property && reading.isDefault)!;
}

/**
 * @param texts readings, each text one or several with commas between them
 * @throws ConfigError with all problems
 */
export function dialectOf(texts: readonly string[]): Partial<Dialect> {
  const problems: ConfigProblem[] = [];
  const chosen = new Map<Property, Reading>();
  for (const text of texts.flatMap((each) => each.split(',')).map((each) => each.trim())) {
    // `strict-owner=true` is `strict-owner`.
    const reading = everyReading.find((each) => each.text === text.replace(/=true$/, ''));
    const other = reading && chosen.get(reading.property);
    if (!reading) problems.push({ message: `"${text}" is no reading of the protocol; there are ${allTexts}` });
    else if (other && other !== reading) {
      problems.push({ message: `${other.text} and ${reading.text} exclude each other; give one of the two` });
    } else chosen.set(reading.property, reading);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.assign({}, ...[...chosen.values()].map(({ dialect }) => dialect));
}

/** The readings of a dialect that are not the usual ones. */
export function textsOf(dialect: Partial<Dialect>): string[] {
  return readings.filter(({ property, dialect: its }) => dialect[property] === its[property]).map(({ text }) => text);
}
