/**
 * The `query` (SPL) of PullLogs. The emulator knows the small part of SPL that a test of a consumer needs, and refuses
 * any other query as the service refuses one that it cannot parse:
 *
 *     *
 *     * | where <field> = '<value>'        also != and like ('%' any text, '_' one character)
 *     … and …                              several conditions joined by `and`
 *
 * A field is a content's key, bare or in double quotes, or `__topic__`, `__source__`, `__tag__:<key>`. A quote inside a
 * value is doubled. A log without the field matches no condition, not even `!=`.
 */
import { ApiError } from './api-error.ts';
import { decodeLogGroupList, encodeLogGroupList, type Log, type LogField, type LogGroup } from './log-group-schema.ts';

export interface QueryResult {
  readonly raw: Uint8Array;
  readonly logGroupCount: number;
  readonly logCount: number;
}

export interface Query {
  /** @param raw a LogGroupList */
  run(raw: Uint8Array): QueryResult;
}

type FieldReader = (group: LogGroup, log: Log) => Uint8Array | undefined;
type Condition = (group: LogGroup, log: Log) => boolean;

const CONDITION = /^\s*(?:"([^"]+)"|([A-Za-z_][\w:.-]*))\s*(=|!=|like)\s*'((?:[^']|'')*)'\s*/i;

/** @throws ApiError InvalidQueryString (400) when the query is outside of the subset */
export function parseQueryString(text: string): Query {
  const conditions = parseConditions(text);
  return {
    run(raw) {
      if (conditions.length === 0) return summarize(decodeLogGroupList(raw), raw);
      const groups: LogGroup[] = [];
      for (const group of decodeLogGroupList(raw)) {
        const logs = group.Logs.filter((log) => conditions.every((matches) => matches(group, log)));
        if (logs.length > 0) groups.push({ ...group, Logs: logs });
      }
      return summarize(groups, encodeLogGroupList(groups));
    },
  };
}

function summarize(groups: readonly LogGroup[], raw: Uint8Array): QueryResult {
  const logCount = groups.reduce((sum, group) => sum + group.Logs.length, 0);
  return { raw, logGroupCount: groups.length, logCount };
}

function parseConditions(text: string): Condition[] {
  const invalid = (why: string): ApiError =>
    new ApiError(
      400,
      'InvalidQueryString',
      `query ${JSON.stringify(text)} is invalid: ${why}. The embedded service knows "*" and "* | where field = 'value'" (also !=, like, and).`,
    );
  const [, rest] = /^\s*\*\s*(?:\|\s*where\s+(.+?)\s*)?$/is.exec(text) ?? [];
  if (rest === undefined) {
    if (/^\s*\*\s*$/.test(text)) return [];
    throw invalid('it does not begin with "*", or has another command than "where"');
  }
  const conditions: Condition[] = [];
  for (let left = rest; left !== ''; ) {
    const match = CONDITION.exec(left);
    if (!match) throw invalid(`no condition can be read at ${JSON.stringify(left)}`);
    const [whole, quoted, bare, operator, value] = match;
    conditions.push(createCondition(quoted ?? bare!, operator!.toLowerCase(), value!.replaceAll("''", "'")));
    left = left.slice(whole.length);
    if (left === '') break;
    const and = /^and\s+/i.exec(left);
    if (!and) throw invalid(`"and" expected at ${JSON.stringify(left)}`);
    left = left.slice(and[0].length);
    if (left === '') throw invalid('it ends in "and"');
  }
  return conditions;
}

function createCondition(field: string, operator: string, expected: string): Condition {
  const read = createFieldReader(field);
  const bytes = Buffer.from(expected);
  const pattern = likePattern(expected);
  return (group, log) => {
    const value = read(group, log);
    if (value === undefined) return false;
    if (operator === 'like') return pattern.test(Buffer.from(value).toString());
    return bytes.equals(value) === (operator === '=');
  };
}

function createFieldReader(field: string): FieldReader {
  if (field === '__topic__') return (group) => group.Topic ?? Buffer.alloc(0);
  if (field === '__source__') return (group) => group.Source ?? Buffer.alloc(0);
  const tag = /^__tag__:(.+)$/.exec(field)?.[1];
  if (tag !== undefined) return (group) => findValue(group.LogTags, Buffer.from(tag));
  const key = Buffer.from(field);
  return (_group, log) => findValue(log.Contents, key);
}

function findValue(fields: readonly LogField[], key: Buffer): Uint8Array | undefined {
  return fields.find((field) => key.equals(field.Key))?.Value;
}

function likePattern(like: string): RegExp {
  const source = like
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  return new RegExp(`^${source}$`, 's');
}
