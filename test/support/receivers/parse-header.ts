/** Strict parsers of a message's header by `formats.md`; they throw where a rule is broken. */

export interface ParsedHeader {
  facility: number;
  severity: number;
  /** As it stands in the message. */
  timestamp: string;
  hostname: string;
  /** APP-NAME, or TAG. */
  appName: string;
  procId: string;
  msgId: string;
  structuredData: string;
  message: string;
}

const FIELD = '[\\x21-\\x7e]';
const PRIORITY = '<(0|[1-9][0-9]{0,2})>';
/** SD-NAME; PARAM-VALUE with `"`, `\\` and `]` escaped; SD-ELEMENT (RFC 5424, section 6.3). */
const NAME = '[^\\x00-\\x20="\\]\\x7f-\\xff]{1,32}';
const VALUE = '(?:[^"\\\\\\]]|\\\\[^])*';
const ELEMENT = `\\[${NAME}(?: ${NAME}="${VALUE}")*\\]`;
const RFC_5424 = new RegExp(
  `^${PRIORITY}1 (-|\\S+) (${FIELD}{1,255}) (${FIELD}{1,48}) (${FIELD}{1,128}) (${FIELD}{1,32}) (-|${ELEMENT}+) ([^]*)$`,
);
const TIMESTAMP =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const RFC_3164 = new RegExp(
  `^${PRIORITY}((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?: [1-9]|[12][0-9]|3[01]) (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]) ` +
    `(${FIELD}{1,255}) ([0-9A-Za-z]{1,32})(?:\\[([^\\]\\s]+)\\])?: ([^]*)$`,
);

export function parse5424(message: string): ParsedHeader {
  const match = RFC_5424.exec(message);
  if (match === null) throw new Error(`not RFC 5424: ${JSON.stringify(message.slice(0, 120))}`);
  const [, priority, timestamp, hostname, appName, procId, msgId, structuredData, text] = match as unknown as string[];
  if (timestamp !== '-' && !TIMESTAMP.test(timestamp!)) throw new Error(`not a TIMESTAMP: ${timestamp}`);
  return {
    ...splitPriority(priority!),
    timestamp: timestamp!,
    hostname: hostname!,
    appName: appName!,
    procId: procId!,
    msgId: msgId!,
    structuredData: structuredData!,
    message: text!,
  };
}

export function parse3164(message: string): ParsedHeader {
  const match = RFC_3164.exec(message);
  if (match === null) throw new Error(`not RFC 3164: ${JSON.stringify(message.slice(0, 120))}`);
  const [, priority, timestamp, hostname, appName, procId, text] = match;
  return {
    ...splitPriority(priority!),
    timestamp: timestamp!,
    hostname: hostname!,
    appName: appName!,
    procId: procId ?? '-',
    msgId: '-',
    structuredData: '-',
    message: text!,
  };
}

/** Elements by their SD-ID, parameters by name. An SD-ID and a parameter are expected once. */
export function parseStructuredData(text: string): Record<string, Record<string, string>> {
  const elements = text === '-' ? [] : (text.match(new RegExp(ELEMENT, 'g')) ?? []);
  if (text !== '-' && elements.join('') !== text) throw new Error(`not STRUCTURED-DATA: ${text}`);
  return Object.fromEntries(
    elements.map((element) => {
      const params = [...element.matchAll(new RegExp(` (${NAME})="(${VALUE})"`, 'g'))];
      const values = params.map(([, name, value]) => [name!, value!.replace(/\\(["\\\]])/g, '$1')]);
      return [/^\[([^ \]]+)/.exec(element)![1]!, Object.fromEntries(values)];
    }),
  );
}

function splitPriority(text: string): { facility: number; severity: number } {
  const priority = Number(text);
  if (priority > 191) throw new Error(`PRI ${priority} is over 191`);
  return { facility: priority >> 3, severity: priority & 7 };
}
