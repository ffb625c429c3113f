/** What the settings of a message's header and text demand of each other. Pure. */
import { type FormatOption, optionsOf } from '../../format/registry.ts';
import {
  MAX_APP_NAME_LENGTH,
  MAX_HOSTNAME_LENGTH,
  MAX_MSG_ID_LENGTH,
  MAX_PROC_ID_LENGTH,
} from '../../rules/header-fields.ts';
import type { HeaderText } from '../../rules/header-text.ts';
import { formatOptionKeys, formatsOf } from '../model/format-spec.ts';
import { type Check, idle, none, objection } from './objection.ts';

/** All of a header but the four names, at its longest, and something of a text. */
const restOfHeader = 64;
/** Bytes of an identity without the two names; a cursor has 28 characters, and is given 128. */
const restOfIdentity = 264;

export const formatChecks: readonly Check[] = [
  function optionsBelongToFormat({ format }, given) {
    if (format === undefined) return none;
    const others = (Object.keys(formatOptionKeys) as FormatOption[]).filter(
      // The enterprise id is the identity's too: that has a rule of its own.
      (option) => option !== 'enterpriseId' && !optionsOf(format).includes(option) && given(formatOptionKeys[option]),
    );
    return others.flatMap((option) =>
      idle(
        formatOptionKeys[option],
        ` has no meaning with --format ${format}; it is for ${formatsOf(option)}: leave it out`,
      ),
    );
  },

  function templateIsThere({ format, template }, given) {
    if (format !== 'template' || template !== undefined || given('template')) return none;
    return objection('template', ' is missing: --format template needs the text, such as "{user} did {action|-}"');
  },

  function moduleIsThere({ format, module }, given) {
    if (format !== 'module' || module !== undefined || given('module')) return none;
    return objection('module', ' is missing: --format module needs the file of an ES module');
  },

  function moduleNeedsDeadLetter({ format }, given) {
    if (format !== 'module' || given('deadLetter')) return none;
    return objection(
      'deadLetter',
      ' is missing: --format module needs a file for the logs that the module throws an error at',
    );
  },

  function delimiterIsOfLeef2({ format, leefVersion }, given) {
    if (format !== 'leef' || leefVersion !== '1.0' || !given('leefDelimiter')) return none;
    return idle('leefDelimiter', ' has no meaning with LEEF 1.0, which has a tab; add --leef-version 2.0');
  },

  function structuredDataNeedsRfc5424({ format, rfc }) {
    if (format !== 'sd' || rfc !== '3164') return none;
    return objection('format', ' is sd, and --rfc 3164 has no structured data; use --rfc 5424, or another format');
  },

  function structuredDataIsNotSplit({ format, oversize }) {
    if (format !== 'sd' || oversize !== 'split') return none;
    return objection(
      'oversize',
      ' is split, and no part of structured data is valid by itself; use truncate or dead-letter',
    );
  },

  function markNeedsRfc5424({ rfc }, given) {
    if (rfc !== '3164' || !given('bom')) return none;
    return idle('bom', ' has no meaning with --rfc 3164, which knows no byte order mark; leave it out');
  },

  function markedTextIsNotSplit({ bom, oversize }) {
    if (!bom || oversize !== 'split') return none;
    return objection(
      'oversize',
      ' is split, and only the first part would begin with the byte order mark of --bom; use truncate or dead-letter',
    );
  },

  function severityMapNeedsField(_, given) {
    if (!given('severityMap') || given('severityField')) return none;
    return idle('severityMap', ' has no meaning without --severity-field; add that, or leave it out');
  },

  function legacyTimeNeedsRfc3164({ rfc }, given) {
    if (rfc !== '5424' || !given('rfc3164Time')) return none;
    return idle('rfc3164Time', ' has no meaning with --rfc 5424; leave it out');
  },

  function legacyTimeHasNoFraction({ rfc, rfc3164Time, timePrecision }, given) {
    const hasFraction = rfc !== '3164' || rfc3164Time === 'rfc3339' || timePrecision === 'auto';
    if (hasFraction || timePrecision === undefined || !given('timePrecision')) return none;
    return idle(
      'timePrecision',
      ' has no meaning with --rfc 3164, whose time stamps are in whole seconds; add --rfc3164-time rfc3339, or leave it out',
    );
  },

  function messageIdNeedsRfc5424({ rfc }, given) {
    if (rfc !== '3164' || !given('msgid')) return none;
    return idle('msgid', ' has no place with --rfc 3164; leave it out');
  },

  function messageHoldsHead(values) {
    const { identity, maxMessageBytes, rules = [], project, logstore } = values;
    if (maxMessageBytes === undefined) return none;
    const header =
      restOfHeader +
      longest(values.hostname, MAX_HOSTNAME_LENGTH) +
      Math.max(longest(values.tag, MAX_APP_NAME_LENGTH), ...rules.map(({ appName = '' }) => appName.length)) +
      longest(values.procid, MAX_PROC_ID_LENGTH) +
      Math.max(longest(values.msgid, MAX_MSG_ID_LENGTH), ...rules.map(({ msgId = '' }) => msgId.length));
    const names = (project?.length ?? 0) + (logstore?.length ?? 0);
    const needed = header + (identity ? restOfIdentity + names : 0);
    if (maxMessageBytes >= needed) return none;
    return objection(
      'maxMessageBytes',
      ` is ${maxMessageBytes} bytes; with this header${identity ? ' and --identity' : ''} a message takes at least ${needed}, or there may be no room for its text`,
    );
  },
];

/** What is taken from a log may have any length, and is cut to the longest. */
function longest(text: HeaderText | undefined, max: number): number {
  if (text === undefined) return 1;
  return typeof text === 'string' ? text.length : max;
}
