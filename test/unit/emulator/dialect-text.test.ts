import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/errors.ts';
import { defaultReading, dialectOf, type Property, readings, textsOf } from '../../../src/emulator/dialect-text.ts';
import { defaultDialect } from '../../../src/emulator/protocol/dialect.ts';

function problemsOf(...texts: string[]): string[] {
  try {
    dialectOf(texts);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

describe('the readings', () => {
  it('are of every property, and each is other than usual', () => {
    expect(new Set(readings.map(({ property }) => property))).toEqual(new Set(Object.keys(defaultDialect)));
    for (const { property, dialect } of readings) {
      expect(Object.keys(dialect)).toEqual([property]);
      expect(dialect[property]).not.toBe(defaultDialect[property]);
      expect(typeof dialect[property]).toBe(typeof defaultDialect[property]);
    }
  });

  it('are named as they are given, each once', () => {
    expect(readings.map(({ text }) => text)).toEqual([
      'strict-owner',
      'error-body=code',
      'error-body=error',
      'error-body=Error',
      'consumer-not-exist=ConsumerNotExist',
      'shard-not-exist=ShardNotExsit',
      'lost-checkpoint=ConsumerNotExist',
      'lost-checkpoint=ConsumerNotExsit',
      'end-of-cursor',
      'cursor-time',
      'no-checkpoint=null',
      'no-checkpoint=absent',
      'no-checkpoint-time=absent',
      'group-settings=missing',
      'group-settings=no-timeout',
      'group-settings=no-order',
      'balance=rehash',
      'balance=greedy',
      'grant-order=descending',
      'grant-order=shuffled',
      'grants-a-beat=one',
      'checks-cursors=false',
      'late-heartbeat-keeps=false',
      'read-only=READONLY',
    ]);
  });

  it('each say in a sentence of their own what they mean, and what is usual', () => {
    const usual = (Object.keys(defaultDialect) as Property[]).map(defaultReading);
    const sentences = [...readings, ...usual].map(({ means }) => means);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z][^\n]+\.$/);
    expect(new Set(sentences).size).toBe(sentences.length);
    for (const { property, dialect } of usual) expect(dialect).toEqual({ [property]: defaultDialect[property] });
  });

  it.each(readings)('$text is read from its text, and told by it', ({ text, dialect }) => {
    expect(dialectOf([text])).toEqual(dialect);
    expect(textsOf(dialect)).toEqual([text]);
  });
});

describe('several', () => {
  it('are given one by one, or with commas between them', () => {
    const dialect = { strictOwner: true, errorBody: 'Error', checksCursors: false };
    expect(dialectOf(['strict-owner', 'error-body=Error', 'checks-cursors=false'])).toEqual(dialect);
    expect(dialectOf(['strict-owner, error-body=Error', 'checks-cursors=false'])).toEqual(dialect);
  });

  it('may say one thing twice', () => {
    expect(dialectOf(['strict-owner', 'strict-owner=true'])).toEqual({ strictOwner: true });
  });

  it('are none where none are given, and the usual ones are not told', () => {
    expect(dialectOf([])).toEqual({});
    expect(textsOf(dialectOf(['strict-owner=false', 'error-body=errorCode', 'end-of-cursor']))).toEqual([
      'end-of-cursor',
    ]);
  });
});

describe('what is wrong', () => {
  it.each([
    'strict',
    'Strict-Owner',
    'error-body',
    'error-body=ERROR',
    'strict-owner=yes',
    'balance=true',
    '',
    'constructor',
  ])('is told of %j, with what there is', (text) => {
    const [problem, ...others] = problemsOf(text);
    expect(problem).toMatch(`"${text}" is no reading of the protocol; there are strict-owner, error-body=code, `);
    for (const each of readings) expect(problem).toContain(each.text);
    expect(others).toEqual([]);
  });

  it('is told of two that exclude each other', () => {
    expect(problemsOf('error-body=code,strict-owner', 'error-body=Error')).toEqual([
      'error-body=code and error-body=Error exclude each other; give one of the two',
    ]);
  });

  it('is told all at once', () => {
    const problems = problemsOf('strict-owner,,nonsense', 'strict-owner=false');
    expect(problems.map((problem) => problem.slice(0, 12))).toEqual(['"" is no rea', '"nonsense" i', 'strict-owner']);
  });
});
