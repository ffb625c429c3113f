/** Which of a preset's listeners is meant, by the transport, the ports and the framing that somebody has given. Pure. */
import { type Fact, type Listener, type Preset, presets, type Transport } from './presets.ts';
import type { PartialValues, SettingKey } from './settings.ts';

export type Given = (key: SettingKey) => boolean;

export interface PresetChoice {
  readonly preset: Preset;
  readonly proto: Transport;
  readonly listener: Listener;
}

/**
 * Before presets and defaults are taken in.
 * @param values what was written
 * @returns undefined where there is no preset
 */
export function choosePreset(values: PartialValues, given: Given): PresetChoice | undefined {
  if (values.preset === undefined) return undefined;
  const preset = presets[values.preset];
  const proto = given('proto') ? (values.proto ?? preset.proto) : preset.proto;
  return { preset, proto, listener: chooseListener(preset.listeners[proto], values, given) };
}

/** The listeners of the preset's transport that fit what is given; a port that is known counts for more than a framing. */
function chooseListener(listeners: Preset['listeners'][Transport], values: PartialValues, given: Given): Listener {
  const ports = portsOf(values);
  const known = listeners.filter(({ port }) => ports.includes(Number(port.value)));
  const framed = listeners.filter(({ framing }) => given('framing') && framing?.value === values.framing);
  return known.find((each) => framed.includes(each)) ?? known[0] ?? framed[0] ?? listeners[0];
}

/** The ports that somebody has given. */
function portsOf({ host = [], port }: PartialValues): readonly number[] {
  const each = host.length === 0 ? [port] : host.map((receiver) => receiver.port ?? port);
  return each.filter((one) => one !== undefined);
}

/** Settings with what each rests on. */
export function factsOf({ preset, proto, listener }: PresetChoice): readonly (readonly [SettingKey, Fact])[] {
  const { port, framing, maxMessageBytes } = listener;
  const { rfc, timePrecision, format } = preset.message;
  const isLfOverTls = proto === 'tls' && framing?.value === 'lf';
  return [
    ['proto', { value: proto, source: 'the usual transport of this preset', verified: true }],
    ['port', port],
    ...(framing ? [['framing', framing] as const] : []),
    ...(isLfOverTls && framing ? [['allowLfOverTls', { ...framing, value: 'true' }] as const] : []),
    ['maxMessageBytes', maxMessageBytes],
    ['rfc', rfc],
    ['timePrecision', timePrecision],
    ['format', format],
  ];
}

/**
 * Receivers on ports that are known to read in different ways: one framing cannot be right for all of them.
 * @returns `514: lf, 601: octet-counting`; undefined where there is no such thing
 */
export function portsThatDiffer(values: PartialValues): string | undefined {
  const { preset, proto } = values;
  if (preset === undefined || proto === undefined) return undefined;
  const known = presets[preset].listeners[proto].filter(({ port }) => portsOf(values).includes(Number(port.value)));
  if (new Set(known.map(({ framing }) => framing?.value)).size < 2) return undefined;
  return known.map(({ port, framing }) => `${port.value}: ${framing?.value}`).join(', ');
}

/** Warns of a framing that was given by hand, and that the receiver's port is known not to read. */
export function framingWarning(values: PartialValues, given: Given): string | undefined {
  const { preset, proto, framing } = values;
  if (preset === undefined || proto === undefined || !given('framing')) return undefined;
  const listeners = presets[preset].listeners[proto];
  const known = listeners.filter(({ port }) => portsOf(values).includes(Number(port.value)));
  const [wrong] = known.filter((each) => each.framing?.verified && each.framing.value !== framing);
  if (!wrong?.framing) return undefined;
  return `framing ${framing}: port ${wrong.port.value} of ${presets[preset].title} reads ${wrong.framing.value} (${wrong.framing.source}); a receiver that reads lines takes many octet-counted messages for one message, without an error. Leave --framing out`;
}
