/** The lead of a syslog message: its header. The log's identity may follow the header. */
import { isStructuredData, isTextFormat } from '../../format/parts/format.ts';
import {
  MAX_APP_NAME_LENGTH,
  MAX_HOSTNAME_LENGTH,
  MAX_MSG_ID_LENGTH,
  MAX_PROC_ID_LENGTH,
} from '../../rules/header-fields.ts';
import type { HeaderText } from '../../rules/header-text.ts';
import { invalidOptions } from '../frame/invalid-options.ts';
import type { LeadContext, LeadSource, Leads } from '../lead/lead.ts';
import { type LeadChoice, LeadsByLog } from '../lead/leads-by-log.ts';
import { type HeaderOptions, HeaderWriter } from './header.ts';
import { createIdentities, type IdentityOptions } from './identity.ts';
import { createTimestamp } from './timestamp.ts';

/** A header whose fields may come from the log. */
export interface SyslogLeadOptions extends Omit<HeaderOptions, TextName> {
  readonly hostname: HeaderText;
  /** APP-NAME, or TAG in RFC 3164; default `-` (in RFC 3164: DEFAULT_TAG). */
  readonly appName?: HeaderText;
  /** Default `-`, which RFC 3164 leaves out. */
  readonly procId?: HeaderText;
  /** Default `-`; RFC 3164 has none. */
  readonly msgId?: HeaderText;
  /** Absent: messages carry no identity. RFC 5424 only. */
  readonly identity?: IdentityOptions;
}

type TextName = 'hostname' | 'appName' | 'procId' | 'msgId';

const maxLengths: Readonly<Record<TextName, number>> = {
  hostname: MAX_HOSTNAME_LENGTH,
  appName: MAX_APP_NAME_LENGTH,
  procId: MAX_PROC_ID_LENGTH,
  msgId: MAX_MSG_ID_LENGTH,
};
const textNames = Object.keys(maxLengths) as TextName[];

export function syslogLead({ identity, ...options }: SyslogLeadOptions): LeadSource {
  return { create: (context) => createLeads(options, identity, context) };
}

function createLeads(
  options: Omit<SyslogLeadOptions, 'identity'>,
  identity: IdentityOptions | undefined,
  context: LeadContext,
): Leads {
  const writesData = isStructuredData(context.format);
  if (writesData) checkStructuredData(options, context);
  const identities = identity && createIdentities(identity, !writesData);
  const structuredData = identity !== undefined || writesData ? 'follows' : 'nil';
  const timestamp = createTimestamp(options.rfc, options);
  const { columns, rules } = context;
  return new LeadsByLog<TextName>({
    columns,
    rules,
    texts: Object.fromEntries(textNames.map((name) => [name, options[name]])),
    maxLengths,
    fractionDigits: timestamp.digits,
    identity: identities,
    create: (choice) => new HeaderWriter(headerOf(options, choice), structuredData, timestamp),
  });
}

function headerOf(
  options: Omit<SyslogLeadOptions, 'identity'>,
  { texts, rule, severity }: LeadChoice<TextName>,
): HeaderOptions {
  const fixed = { ...options, ...texts } as HeaderOptions;
  const { facility = fixed.facility, appName = fixed.appName, msgId = fixed.msgId } = rule ?? {};
  return {
    ...fixed,
    facility,
    severity: severity ?? fixed.severity,
    ...(appName !== undefined && { appName }),
    ...(msgId !== undefined && { msgId }),
  };
}

/** @throws AppError code `encoder-options`, action `fatal`: structured data as the text clashes with other options */
function checkStructuredData({ rfc }: Pick<HeaderOptions, 'rfc'>, { format, isSplit }: LeadContext): void {
  if (rfc !== '5424') {
    throw invalidOptions(
      `The format ${format.name} writes structured data, which RFC 3164 does not have: use RFC 5424.`,
    );
  }
  if (isSplit) {
    throw invalidOptions(
      `The format ${format.name} writes structured data, of which no part is valid by itself: a message over the limit can be truncated or go to the dead letters, not be split.`,
    );
  }
  if (!isTextFormat(format) && format.prefix.length === 0) {
    throw invalidOptions(`The format ${format.name} writes structured data, and nothing where a log has no fields.`);
  }
}
