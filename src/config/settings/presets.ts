/**
 * Presets: by transport, the settings that a receiver takes as it comes, in a user's words. They stand below everything that
 * anybody has given, and above the defaults. Each value has its source, or says that nobody has verified it; `config show` and
 * docs/configuration.md print both. Pure.
 */

export const presetNames = ['qradar', 'arcsight', 'splunk-sc4s', 'rsyslog', 'syslog-ng', 'generic'] as const;
export type PresetName = (typeof presetNames)[number];

export const transports = ['udp', 'tcp', 'tls'] as const;
export type Transport = (typeof transports)[number];

/** A value as a user would write it. */
export interface Fact {
  readonly value: string;
  /** Where it is said, or what it was tried with; of a value that nobody has verified: why this one. */
  readonly source: string;
  readonly verified: boolean;
}

/** A listener of the receiver. */
export interface Listener {
  readonly port: Fact;
  /** Absent with udp: a datagram is one message. */
  readonly framing?: Fact;
  /** Largest message, header included. */
  readonly maxMessageBytes: Fact;
}

export interface Preset {
  /** For the documentation. */
  readonly title: string;
  /** Unless somebody gives another. */
  readonly proto: Transport;
  /** Settings that are alike over every transport. */
  readonly message: { readonly rfc: Fact; readonly timePrecision: Fact; readonly format: Fact };
  /** The first is taken unless a port or a framing is given that another has. */
  readonly listeners: Readonly<Record<Transport, readonly [Listener, ...Listener[]]>>;
  /** What to look after at the receiver, a sentence each. */
  readonly notes: readonly string[];
}

function fact(value: string, source: string): Fact {
  return { value, source, verified: true };
}

function unverified(value: string, why: string): Fact {
  return { value, source: why, verified: false };
}

const rfc5424 = 'RFC 5424, section 6.2.3';
const rfc5425Port = fact('6514', 'RFC 5425, section 4.1');
const rfc5425Framing = 'RFC 5425, section 4.3';
const rfc5426Port = fact('514', 'RFC 5426, section 3.3');
/** RFC 5426, section 3.2: receivers should take 2,048 octets; larger datagrams are sent in fragments. */
const datagramSize = 'no source: 8KiB is the default over udp';

/** Anything of RFC 3339 with 0 to 6 digits. */
const anyPrecision = (source: string) => fact('auto', source);

const leefComponents = 'https://www.ibm.com/docs/en/dsm?topic=overview-leef-event-components';
const qradarTls = 'https://www.ibm.com/docs/en/dsm?topic=options-tls-syslog-protocol-configuration';
const qradarTlsGateway = 'https://www.ibm.com/docs/en/qsip/7.6.0?topic=options-multiple-log-sources-over-tls-syslog';
const qradarSize = 'no page of IBM was found: said to be the default of QRadar\'s "Max TCP Syslog Payload Length"';

const cefSyslog =
  'https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors-8.3/cef-implementation-standard/Content/CEF/Chapter%201%20What%20is%20CEF.htm';
const noConnectorGuide = "the connector's guide could not be read";

const sc4s = 'https://github.com/splunk/splunk-connect-for-syslog/blob/main';
const sc4sSource = `${sc4s}/package/shared/conf.d/sources/source_syslog/plugin.jinja`;
const sc4sPorts = `${sc4s}/package/sbin/entrypoint.sh`;
const sc4sTls = `${sc4s}/docs/configuration.md`;
const sc4sOptions = `${sc4s}/package/shared/conf.d/sc4slib/global_options/plugin.jinja`;
const sc4sSimple = `${sc4s}/docs/sources/simple.md`;
const sc4sSize = fact('64KiB', `${sc4sOptions}: log_msg_size(65536)`);
const sc4sLines = fact('lf', `${sc4sSource}: network()`);
const sc4sFrames = fact('octet-counting', `${sc4sSource}: syslog()`);

const rsyslogTried = 'tried with rsyslog 8.2302';
const rsyslogSize = fact('8KiB', 'https://www.rsyslog.com/doc/global.html: $MaxMessageSize');
const rsyslogFraming = fact(
  'octet-counting',
  'https://www.rsyslog.com/doc/reference/parameters/imtcp-supportoctetcountedframing.html',
);

const syslogNgTried = 'tried with syslog-ng 3.38';
const syslogNgPorts = 'https://github.com/syslog-ng/syslog-ng/blob/master/modules/afsocket/transport-mapper-inet.c';
const syslogNgSize = fact('64KiB', `${syslogNgTried}: the default of log-msg-size()`);
const syslogNgLines = fact('lf', `${syslogNgPorts}: network(), "text"`);
const syslogNgFrames = fact('octet-counting', `${syslogNgPorts}: syslog(), "framed"`);

const choice = 'a choice, and not the default of any product';
const genericSize = unverified('8KiB', `${choice}; RFC 5424, section 6.1: receivers should take 2KiB`);

export const presets: Readonly<Record<PresetName, Preset>> = {
  qradar: {
    title: 'IBM QRadar',
    proto: 'tcp',
    message: {
      rfc: fact('5424', leefComponents),
      timePrecision: fact('3', `${leefComponents}: yyyy-MM-ddTHH:mm:ss.SSSZ`),
      format: fact('leef', leefComponents),
    },
    listeners: {
      udp: [
        {
          port: unverified('514', 'the port of RFC 5426; no page of IBM was found'),
          maxMessageBytes: unverified(
            '1KiB',
            'no page of IBM was found: said to be the default of QRadar\'s "Max UDP Syslog Payload Length"',
          ),
        },
      ],
      tcp: [
        {
          port: unverified('514', 'no page of IBM was found'),
          framing: unverified('lf', 'no page of IBM was found'),
          maxMessageBytes: unverified('4KiB', qradarSize),
        },
      ],
      tls: [
        {
          port: fact('6514', qradarTls),
          framing: unverified('octet-counting', `RFC 5425, which IBM names: ${qradarTlsGateway}; not tried`),
          maxMessageBytes: unverified('4KiB', qradarSize),
        },
      ],
    },
    notes: [
      'QRadar tells log sources apart by the host name in the header: give --hostname the Log Source Identifier.',
      'Audit logs can be larger than the default "Max TCP Syslog Payload Length" of QRadar: raise that limit in QRadar, and --max-message-bytes here.',
    ],
  },
  arcsight: {
    title: 'ArcSight SmartConnector, Syslog Daemon',
    proto: 'tcp',
    message: {
      rfc: fact('3164', `${cefSyslog}: Jan 18 11:07:53 host CEF:…`),
      timePrecision: fact('auto', 'RFC 3164, section 4.1.2: a time stamp is in whole seconds'),
      format: fact('cef', cefSyslog),
    },
    listeners: {
      udp: [
        {
          port: unverified('514', `the port of RFC 5426; ${noConnectorGuide}`),
          maxMessageBytes: unverified('8KiB', datagramSize),
        },
      ],
      tcp: [
        {
          port: unverified('514', noConnectorGuide),
          framing: unverified('lf', noConnectorGuide),
          maxMessageBytes: unverified('64KiB', noConnectorGuide),
        },
      ],
      tls: [
        {
          port: unverified('6514', `the port of RFC 5425; ${noConnectorGuide}`),
          // The guess whose failure is noticed: a receiver that counts octets refuses a line at once, and one that
          // reads lines would take many counted messages for one, without a word.
          framing: unverified('lf', `as over tcp; ${noConnectorGuide}`),
          maxMessageBytes: unverified('64KiB', noConnectorGuide),
        },
      ],
    },
    notes: ['The header has no time zone: this machine and the connector must be in the same time zone.'],
  },
  'splunk-sc4s': {
    title: 'Splunk Connect for Syslog',
    proto: 'tcp',
    message: {
      rfc: fact('5424', `${sc4sSimple}; ${sc4sSource}: syslog-parser(flags(syslog-protocol))`),
      timePrecision: anyPrecision(`${rfc5424}; ${syslogNgTried}, of which SC4S is made`),
      format: unverified('json', 'a choice: SC4S forwards the text unchanged'),
    },
    listeners: {
      udp: [
        { port: fact('514', sc4sPorts), maxMessageBytes: unverified('8KiB', `${datagramSize}; SC4S takes 64KiB`) },
        { port: fact('601', sc4sPorts), maxMessageBytes: unverified('8KiB', `${datagramSize}; SC4S takes 64KiB`) },
      ],
      tcp: [
        { port: fact('514', sc4sPorts), framing: sc4sLines, maxMessageBytes: sc4sSize },
        { port: fact('601', sc4sPorts), framing: sc4sFrames, maxMessageBytes: sc4sSize },
      ],
      tls: [
        { port: fact('6514', sc4sTls), framing: sc4sLines, maxMessageBytes: sc4sSize },
        { port: fact('5425', sc4sTls), framing: sc4sFrames, maxMessageBytes: sc4sSize },
      ],
    },
    notes: [
      'SC4S chooses the index and the source type: see the "Simple" log path of SC4S.',
      'Ports 514 and 6514 of SC4S read lines; ports 601 (tcp) and 5425 (tls) read octet counting: --port chooses the framing too.',
      'TLS is off in SC4S unless SC4S_SOURCE_TLS_ENABLE is yes.',
    ],
  },
  rsyslog: {
    title: 'rsyslog',
    proto: 'tcp',
    message: {
      rfc: fact('5424', rsyslogTried),
      timePrecision: anyPrecision(`${rfc5424}; ${rsyslogTried}`),
      format: unverified('kv', 'a choice: rsyslog takes any text'),
    },
    listeners: {
      udp: [{ port: rfc5426Port, maxMessageBytes: rsyslogSize }],
      tcp: [
        {
          port: fact('514', 'https://www.rsyslog.com/doc/reference/parameters/imtcp-maxframesize.html: its examples'),
          framing: rsyslogFraming,
          maxMessageBytes: rsyslogSize,
        },
      ],
      tls: [{ port: rfc5425Port, framing: rsyslogFraming, maxMessageBytes: rsyslogSize }],
    },
    notes: ['For larger messages, raise maxMessageSize and maxFrameSize in rsyslog, and --max-message-bytes here.'],
  },
  'syslog-ng': {
    title: 'syslog-ng, with a syslog() source',
    proto: 'tcp',
    message: {
      rfc: fact('5424', syslogNgTried),
      timePrecision: anyPrecision(`${rfc5424}; ${syslogNgTried}`),
      format: unverified('kv', 'a choice: syslog-ng takes any text'),
    },
    listeners: {
      udp: [{ port: fact('514', syslogNgPorts), maxMessageBytes: unverified('8KiB', datagramSize) }],
      tcp: [
        { port: fact('601', syslogNgPorts), framing: syslogNgFrames, maxMessageBytes: syslogNgSize },
        { port: fact('514', syslogNgPorts), framing: syslogNgLines, maxMessageBytes: syslogNgSize },
      ],
      tls: [
        { port: fact('6514', syslogNgPorts), framing: syslogNgFrames, maxMessageBytes: syslogNgSize },
        { port: fact('514', syslogNgPorts), framing: syslogNgLines, maxMessageBytes: syslogNgSize },
      ],
    },
    notes: [
      'syslog-ng closes the connection when an octet-counted message is larger than log-msg-size().',
      'syslog() listens on 601 (tcp) and 6514 (tls) and reads octet counting; network() listens on 514 and reads lines.',
    ],
  },
  generic: {
    title: 'a receiver without a preset of its own',
    proto: 'tcp',
    message: {
      rfc: unverified('5424', choice),
      timePrecision: anyPrecision(rfc5424),
      format: unverified('kv', choice),
    },
    listeners: {
      udp: [{ port: rfc5426Port, maxMessageBytes: genericSize }],
      tcp: [{ port: unverified('514', choice), framing: unverified('lf', choice), maxMessageBytes: genericSize }],
      tls: [{ port: rfc5425Port, framing: fact('octet-counting', rfc5425Framing), maxMessageBytes: genericSize }],
    },
    notes: ['Receivers should take 2 KiB (RFC 5424, section 6.1), and most take 8 KiB.'],
  },
};
