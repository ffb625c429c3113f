/** Tests the formatter by itself, without sls-syslog: `node --test` in this directory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import createFormatter from './formatter.js';

/**
 * A log of these fields, as far as the formatter looks at it.
 *
 * @param {Record<string, string>} fields
 */
function logOf(fields) {
  return /** @type {import('sls-syslog/plugin').LogView} */ ({ get: (name) => fields[name] });
}

const event = { eventName: 'ConsoleSignin', sourceIpAddress: '192.0.2.7', acsRegion: 'cn-hangzhou' };

test('makes a line of an audit log', () => {
  const log = logOf({ event: JSON.stringify({ ...event, userIdentity: { userName: 'alice' } }) });
  assert.equal(createFormatter({}).format(log), 'ConsoleSignin by alice from 192.0.2.7 (cn-hangzhou)');
});

test('takes its option for what is not there', () => {
  const log = logOf({ event: JSON.stringify(event) });
  assert.equal(
    createFormatter({ unknown: 'nobody' }).format(log),
    'ConsoleSignin by nobody from 192.0.2.7 (cn-hangzhou)',
  );
});

test('rejects a log that it cannot read', () => {
  const { format } = createFormatter({});
  assert.throws(() => format(logOf({})), /no field "event"/);
  assert.throws(() => format(logOf({ event: '{' })), SyntaxError);
});
