/** What the settings of a message's header and text demand of each other. Pure. */
import { type FormatOption, optionsOf } from '../format/registry.ts';
import { formatOptionKeys, formatsOf } from './format-spec.ts';
import { idle, none, objection, type Rule } from './objection.ts';

export const formatRules: readonly Rule[] = [
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
];
