import { describe, expect, test } from 'vitest';
import { choosePreset, factsOf } from '../../../../src/config/settings/preset-choice.ts';
import { type Listener, presetNames, presets, transports } from '../../../../src/config/settings/presets.ts';
import { settings } from '../../../../src/config/settings/settings.ts';
import { load, problemsOf } from '../../../support/daemons/config.ts';

const cells = presetNames.flatMap((preset) =>
  transports.flatMap((proto) => presets[preset].listeners[proto].map((listener) => ({ preset, proto, listener }))),
);

type Given = Readonly<Record<string, string | readonly string[]>>;

/** As loaded: port, framing, size. */
function loaded(flags: Given, environment: Readonly<Record<string, string>> = {}) {
  const { receiver, message } = load(environment, flags).config;
  return [receiver.port, receiver.framing, message.maxMessageBytes];
}

describe('presets', () => {
  test.each(cells)('$preset over $proto, port $listener.port.value: every value of the cell', (cell) => {
    const { preset, proto, listener } = cell;
    const { receiver, message } = load(
      { SYSLOG_PORT: listener.port.value },
      { '--preset': preset, '--proto': proto },
    ).config;
    expect(receiver).toMatchObject({ protocol: proto, port: Number(listener.port.value) });
    expect(receiver.framing).toBe(proto === 'udp' ? 'datagram' : listener.framing?.value);
    expect(message.maxMessageBytes).toBe(bytes(listener));
    expect(message.format.format).toBe(presets[preset].message.format.value);
    expect(message.rfc).toBe(presets[preset].message.rfc.value);
  });

  test('the first cell of a transport is taken where no port is given', () => {
    for (const preset of presetNames) {
      for (const proto of transports) {
        const [{ port, framing }] = presets[preset].listeners[proto];
        const { receiver } = load({}, { '--preset': preset, '--proto': proto }).config;
        expect([receiver.port, receiver.framing]).toEqual([Number(port.value), framing?.value ?? 'datagram']);
      }
      expect(load({}, { '--preset': preset }).config.receiver.protocol).toBe(presets[preset].proto);
    }
  });

  test('each value is one that its setting takes, and has a source', () => {
    for (const { preset, proto, listener } of cells) {
      for (const [key, { value, source }] of factsOf({ preset: presets[preset], proto, listener })) {
        expect(settings[key].schema.safeParse(value).success, `${preset} over ${proto}: ${key}`).toBe(true);
        expect(source, `${preset} over ${proto}: ${key}`).toMatch(/\S{3}/);
      }
    }
  });

  test('SC4S reads lines on 514 and 6514, and counts octets on 601 and 5425', () => {
    const sc4s = (flags: Given) => loaded({ '--preset': 'splunk-sc4s', ...flags });
    expect(sc4s({ '--proto': 'tls' })).toEqual([6514, 'lf', 65_536]);
    expect(sc4s({ '--proto': 'tls', '--port': '5425' })).toEqual([5425, 'octet-counting', 65_536]);
    expect(sc4s({ '--proto': 'tls', '--framing': 'octet-counting' })).toEqual([5425, 'octet-counting', 65_536]);
    expect(sc4s({})).toEqual([514, 'lf', 65_536]);
    expect(sc4s({ '--port': '601' })).toEqual([601, 'octet-counting', 65_536]);
    expect(sc4s({ '--host': ['a:601', 'b:601'] })[1]).toBe('octet-counting');
    expect(sc4s({ '--proto': 'udp' })).toEqual([514, 'datagram', 8_192]);
    // A port that nothing is known of: as on the first.
    expect(sc4s({ '--proto': 'tls', '--port': '7514' })).toEqual([7514, 'lf', 65_536]);
  });

  test('receivers on ports that read in different ways are refused, unless the framing is given', () => {
    const given = { '--preset': 'splunk-sc4s', '--host': ['a:514', 'b:601'] };
    expect(problemsOf({}, given)[0]?.message).toMatch(
      /^host .*the ports of preset splunk-sc4s read in different ways \(514: lf, 601: octet-counting\)/,
    );
    expect(load({}, { ...given, '--framing': 'lf' }).config.receiver.framing).toBe('lf');
  });

  test('a framing by hand that the port is known not to read is warned of, and wins', () => {
    const given = { '--preset': 'splunk-sc4s', '--proto': 'tls', '--port': '6514', '--framing': 'octet-counting' };
    const { config, warnings } = load({}, given);
    expect(config.receiver.framing).toBe('octet-counting');
    expect(warnings.join()).toMatch(/port 6514 of Splunk Connect for Syslog reads lf .*Leave --framing out/);
    expect(load({}, { ...given, '--port': '5425' }).warnings).toEqual([]);
  });

  test('the time stamp of QRadar has three digits, and LEEF without a preset too; others leave it to the log', () => {
    const digits = (flags: Given) => load({}, flags).config.message.timestampDigits;
    expect(digits({ '--preset': 'qradar' })).toBe(3);
    expect(digits({ '--format': 'leef' })).toBe(3);
    expect(digits({ '--format': 'leef', '--rfc': '3164' })).toBe('auto');
    expect(digits({ '--preset': 'qradar', '--time-precision': '6' })).toBe(6);
    for (const preset of presetNames) if (preset !== 'qradar') expect(digits({ '--preset': preset })).toBe('auto');
    expect(digits({})).toBe('auto');
  });

  test('whatever is given by hand wins, also in the environment', () => {
    const environment = { SYSLOG_FORMAT: 'kv', SYSLOG_FRAMING: 'octet-counting', SYSLOG_PROTO: 'tls' };
    const { receiver, message } = load(environment, { '--preset': 'qradar', '--max-message-bytes': '16KiB' }).config;
    expect(receiver).toMatchObject({ protocol: 'tls', port: 6514, framing: 'octet-counting' });
    expect(message).toMatchObject({ format: { format: 'kv' }, maxMessageBytes: 16 << 10 });
  });

  test('no preset, no choice', () => {
    expect(choosePreset({}, () => true)).toBeUndefined();
    expect(loaded({ '--proto': 'tls' })).toEqual([6514, 'octet-counting', 65_536]);
  });

  test('an unknown one', () => {
    expect(problemsOf({}, { '--preset': 'qradr' })[0]?.message).toContain('did you mean "qradar"?');
  });
});

function bytes({ maxMessageBytes }: Listener): number {
  return Number(maxMessageBytes.value.replace('KiB', '')) * 1024;
}
