// The failed tests of a JSON report of vitest, with the first lines of what they said: `node .ci/failures.js REPORT`
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const MESSAGE_LINES = 6;

for (const { name, message, assertionResults } of JSON.parse(readFileSync(process.argv[2], 'utf8')).testResults) {
  const file = relative('.', name);
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failed) print(`${file}: ${fullName}`, failureMessages.join('\n'));
  // A file that could not be loaded has no tests.
  if (failed.length === 0 && message) print(file, message);
}

function print(what, message) {
  const lines = message.split('\n').slice(0, MESSAGE_LINES);
  process.stdout.write(`${[`FAILED: ${what}`, ...lines.map((line) => `    ${line}`)].join('\n')}\n`);
}
