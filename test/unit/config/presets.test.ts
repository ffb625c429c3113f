import { describe, expect, test } from 'vitest';
import { presetNames, presets } from '../../../src/config/presets.ts';
import { type SettingKey, settings } from '../../../src/config/settings.ts';
import { load, problemsOf } from '../../support/config.ts';

describe('presets', () => {
  test.each(presetNames)('%s is accepted by all rules, over every transport', (preset) => {
    for (const proto of ['udp', 'tcp', 'tls']) {
      const { receiver, message } = load({ SYSLOG_PRESET: preset, SYSLOG_PROTO: proto }).config;
      expect(receiver.framing).toBe(
        proto === 'tcp' ? presets[preset].settings.framing : proto === 'udp' ? 'datagram' : 'octet-counting',
      );
      expect(message.format.format).toBe(presets[preset].settings.format);
    }
  });

  test('sets transport, framing, header, format and size', () => {
    const { receiver, message } = load({}, { '--preset': 'qradar' }).config;
    expect(receiver).toMatchObject({ protocol: 'tcp', port: 514, framing: 'lf' });
    expect(message).toMatchObject({
      rfc: '5424',
      format: { format: 'leef', leefVersion: '1.0' },
      maxMessageBytes: 4096,
    });
    expect(load({}, { '--preset': 'arcsight' }).config.message).toMatchObject({
      rfc: '3164',
      maxMessageBytes: 64 << 10,
    });
  });

  test('whatever is given by hand wins, also in the environment', () => {
    const environment = { SYSLOG_FORMAT: 'kv', SYSLOG_FRAMING: 'octet-counting', SYSLOG_PROTO: 'tls' };
    const { receiver, message } = load(environment, { '--preset': 'qradar', '--max-message-bytes': '16KiB' }).config;
    expect(receiver).toMatchObject({ protocol: 'tls', port: 6514, framing: 'octet-counting' });
    expect(message).toMatchObject({ format: { format: 'kv' }, maxMessageBytes: 16 << 10 });
  });

  test('each of its values is one that the setting takes', () => {
    for (const name of presetNames) {
      for (const [key, text] of Object.entries(presets[name].settings)) {
        expect(settings[key as SettingKey].schema.safeParse(text).success, `${name}: ${key}`).toBe(true);
      }
    }
  });

  test('an unknown one', () => {
    expect(problemsOf({}, { '--preset': 'qradr' })[0]?.message).toContain('did you mean "qradar"?');
  });
});
